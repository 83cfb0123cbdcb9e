/** Runs allocator vectors: translates steps to events of the shipped allocator. */
import type { CaseVerdict } from '../conformance.ts';
import { isRecord, runCases } from '../conformance.ts';
import { expectOfAllocator } from './conformance-allocator-expect.ts';
import { AllocatorWorld, keyOf, MS_PER_SECOND } from './conformance-allocator-world.ts';
import { readBag, readLimits, readQuantities } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import { checkSchema, expectEqual, number, runSteps, text, textList, textOr } from './conformance-steps.ts';

const DEFAULT_SEED = 1;

/** mesos-allocator/1; a file or scenario whose `variant` begins with "0." runs on the old allocator. */
export function runAllocatorFile(file: unknown, seed = DEFAULT_SEED): readonly CaseVerdict[] {
  const parsed = checkSchema(file, 'mesos-allocator/1');
  const list = Array.isArray(parsed.scenarios) ? parsed.scenarios : [];
  return runCases(list, 'scenarios', (scenario) => {
    const options = isRecord(scenario.options) ? scenario.options : {};
    const variant = String(options.variant ?? scenario.variant ?? parsed.variant ?? 'modern');
    const player = new AllocatorPlayer(options, variant.startsWith('0.'), seed);
    return runSteps(scenario.steps, (step) => player.play(step));
  });
}

class AllocatorPlayer extends AllocatorWorld {
  play(step: Step): string {
    const difference = this.apply(step);
    if (step.batch !== true) this.allocator.settle();
    this.collect();
    return difference;
  }

  private apply(step: Step): string {
    const { allocator, catalog } = this;
    switch (step.op) {
      case 'settle':
      case 'pause':
      case 'resume':
        if (step.op === 'pause') allocator.pause();
        if (step.op === 'resume') allocator.resume();
        return '';
      case 'advance':
        allocator.advanceTo(allocator.nowMs + number(step, 'seconds') * MS_PER_SECOND);
        return '';
      case 'addAgent':
        allocator.addAgent(
          {
            id: text(step, 'agent'),
            hostname: textOr(step, 'hostname', textOr(step, 'host', text(step, 'agent'))),
            region: typeof step.region === 'string' ? step.region : null,
            attributes: canonical(step.attributes),
            capabilities: Array.isArray(step.capabilities) ? textList(step, 'capabilities') : null,
            checkpoint: step.checkpoint !== false,
            total: readBag(catalog, step.total),
            unavailableFromMs: step.unavailability === undefined ? null : startMsOf(step.unavailability),
          },
          this.readUsed(step.used),
        );
        return '';
      case 'removeAgent':
        allocator.removeAgent(text(step, 'agent'));
        this.forget((grant) => grant.agent === step.agent);
        return '';
      case 'updateAgent': {
        const total = step.total === undefined ? {} : { total: readBag(catalog, step.total) };
        const attributes = step.attributes === undefined ? {} : { attributes: canonical(step.attributes) };
        const region =
          step.region === undefined ? {} : { region: typeof step.region === 'string' ? step.region : null };
        const capabilities = step.capabilities === undefined ? {} : { capabilities: textList(step, 'capabilities') };
        allocator.updateAgent(text(step, 'agent'), { ...total, ...attributes, ...region, ...capabilities });
        return '';
      }
      case 'activateAgent':
        allocator.activateAgent(text(step, 'agent'));
        return '';
      case 'deactivateAgent':
        allocator.deactivateAgent(text(step, 'agent'));
        return '';
      case 'addResourceProvider':
        allocator.addResourceProvider(text(step, 'agent'), readBag(catalog, step.total), this.readUsed(step.used));
        return '';
      case 'addFramework':
        this.frameworks.set(text(step, 'fw'), step);
        allocator.addFramework(this.frameworkInfo(step), this.readUsed(step.used));
        return '';
      case 'updateFramework': {
        const { suppressedRoles: _, suppressed: __, ...before } = this.frameworks.get(text(step, 'fw')) ?? {};
        const merged = { ...before, ...step };
        this.frameworks.set(text(step, 'fw'), merged);
        allocator.updateFramework(this.frameworkInfo(merged));
        return '';
      }
      case 'removeFramework':
        allocator.removeFramework(text(step, 'fw'));
        this.forget((grant) => grant.framework === step.fw);
        return '';
      case 'activateFramework':
        allocator.activateFramework(text(step, 'fw'));
        return '';
      case 'deactivateFramework':
        allocator.deactivateFramework(text(step, 'fw'));
        return '';
      case 'suppress':
        allocator.suppressOffers(text(step, 'fw'), this.rolesOf(step));
        return '';
      case 'revive':
        allocator.reviveOffers(text(step, 'fw'), this.rolesOf(step));
        return '';
      case 'recover':
        return this.recover(step);
      case 'recoverAllOutstanding':
        for (const grant of [...this.outstanding.values()]) this.giveBack(grant, grant.bag, filterMsOf(step));
        return '';
      case 'whitelist':
        allocator.updateWhitelist(Array.isArray(step.hosts) ? new Set(step.hosts.map(String)) : null);
        return '';
      case 'setQuota':
        allocator.updateQuota(text(step, 'role'), {
          guarantees: readQuantities(catalog, step.guarantees),
          limits: readLimits(catalog, step.limits),
        });
        return '';
      case 'setWeight':
      case 'updateWeight':
        allocator.updateWeight(text(step, 'role'), number(step, 'weight'));
        return '';
      case 'updateAllocation': {
        const offered = readBag(catalog, step.offered);
        const conversions = this.readConversions(step.conversions);
        allocator.updateAllocation(text(step, 'fw'), text(step, 'agent'), text(step, 'role'), offered, conversions);
        this.convertOutstanding(keyOf(text(step, 'fw'), text(step, 'role'), text(step, 'agent')), conversions);
        return '';
      }
      case 'updateAvailable':
        return expectEqual(
          'ok',
          step.expectOk ?? true,
          allocator.updateAvailable(text(step, 'agent'), this.readConversions(step.conversions)),
        );
      case 'unavailability':
        allocator.updateUnavailability(
          text(step, 'agent'),
          step.start === undefined || step.start === null ? null : startMsOf(step.start),
        );
        return '';
      case 'updateInverseOffer':
      case 'inverseOfferResponse':
        allocator.updateInverseOffer(
          text(step, 'agent'),
          text(step, 'fw'),
          step.status === null ? null : step.status === 'ACCEPT' ? 'ACCEPT' : 'DECLINE',
          filterMsOf(step),
        );
        return '';
      case 'recoverAllocator':
        allocator.recover(number(step, 'expectedAgents'), this.readQuotas(step.quotas));
        return '';
      default:
        return expectOfAllocator(this, step);
    }
  }

  private recover(step: Step): string {
    const grant = { framework: text(step, 'fw'), role: text(step, 'role'), agent: text(step, 'agent') };
    this.giveBack(grant, readBag(this.catalog, step.res), filterMsOf(step));
    return '';
  }
}

function filterMsOf(step: Step): number | null {
  return typeof step.filterSeconds === 'number' ? step.filterSeconds * MS_PER_SECOND : null;
}

function startMsOf(value: unknown): number {
  const seconds = isRecord(value) ? value.start : value;
  return Number(seconds) * MS_PER_SECOND;
}

function canonical(attributes: unknown): string {
  if (!isRecord(attributes)) return attributes === undefined || attributes === null ? '' : JSON.stringify(attributes);
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? '' : JSON.stringify(entries);
}
