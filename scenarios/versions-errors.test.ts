import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadPlan } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'versions-scenario-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A scenario whose service `web` has more keys on line 7. */
async function read(more: string) {
  const path = join(folder, 's.yaml');
  writeFileSync(
    path,
    `name: a
cluster: { hosts: { node: { count: 2, cpu: 64 cores, memory: 512GiB } } }
bestEffort: { tasksPerWeek: 0 }
online:
  source: none
  explicit: { web: { replicas: 10, cpuRequest: 1 cores, memRequest: 1GiB,
    ${more} } }
`,
  );
  return loadPlan(path).then(
    ({ plan }) => plan.online.explicit,
    (error: Error) => error.message.replaceAll(`${folder}/`, ''),
  );
}

test('weights become versions with their replicas and share of the load', async () => {
  expect(await read('weight: 1, versions: { b: { weight: 1 }, c: { weight: 2, cpuCost: 1.5 } }')).toMatchObject([
    { name: 'web', replicas: 3, traffic: { of: 'web', designReplicas: 10, percent: 25, cpuCost: 1 } },
    { name: 'web/b', replicas: 2, traffic: { of: 'web', designReplicas: 10, percent: 25, cpuCost: 1 } },
    { name: 'web/c', replicas: 5, traffic: { of: 'web', designReplicas: 10, percent: 50, cpuCost: 1.5 } },
  ]);
});

test.each([
  ['versions: { b: { weight: -1 } }', 's.yaml:7:30 online.explicit.web.versions.b.weight'],
  [
    'weight: 0, versions: { b: { weight: 0 } }',
    'online.explicit.web.versions is refused: A/B weights [0, 0] must be 0 or more with a sum above 0',
  ],
  [
    'versions: { b: { weight: 1 } }',
    's.yaml:7:30 online.explicit.web.versions.b.weight is 1, for which there is no replica among 10; nobody would answer its requests',
  ],
  ['weight: 50', 's.yaml:7:13 online.explicit.web.weight is given without versions'],
  [
    'release: { at: 1h, stages: [10%, 50%] }',
    'online.explicit.web.release.stages is refused: gray release: the last stage must be 100 %',
  ],
  [
    'release: { at: 1h, stages: [50%, 50%, 100%] }',
    'release.stages is refused: gray release: stage 2 (50 %) must be above the one before',
  ],
  ['release: { at: 3000d }', 'online.explicit.web.release.at is after the run has ended'],
  [
    'release: { at: 1h }, versions: { b: { weight: 50 } }',
    'online.explicit.web.release is given, and versions too; end the A/B test first',
  ],
  ['release: { at: 1h }, autoscale: { maxReplicas: 20 }', 'web.release is given, and an autoscaler too'],
  ['release: { at: 1h }, rollingRestartAt: [2h]', 'web.release is given, and a rolling restart too'],
  ['autoscale: { maxReplicas: 20, maxStep: 2 }', 'web.autoscale.maxStep is given, but rules are hpa, which have none'],
  [
    'autoscale: { rules: qae, maxReplicas: 20, scaleDownStabilisation: 1m }',
    'web.autoscale.scaleDownStabilisation is given, but rules are qae; shrinkCooldown is theirs',
  ],
  ['rollout: { minimumHealth: 120% }', 's.yaml:7:31 online.explicit.web.rollout.minimumHealth'],
])('%s is refused', async (more, message) => {
  expect(await read(more)).toContain(message);
});
