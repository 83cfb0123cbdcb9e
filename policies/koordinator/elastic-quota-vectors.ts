/** Translates ElasticQuota vectors (redistribution, quota-tree, scaled-min) into policy calls and compares. */

import { firstDifference } from '../conformance.ts';
import { redistributeQuota, scaledMin } from './quota-redistribute.ts';
import {
  buildQuotaTree,
  propagateRequests,
  type QuotaDimension,
  type QuotaTree,
  refreshAllQuotas,
} from './quota-tree.ts';
import { booleanOr, list, numberOr, optionalNumber, record, textOr, unreadExpectation } from './vector-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Compares the entries that the vector states; results it does not mention are free. */
function compareStated(expected: unknown, got: Fields, at: string): string {
  for (const [name, value] of Object.entries(record(expected))) {
    const difference = firstDifference(value, got[name], 0, `${at}.${name}`);
    if (difference !== '') return difference;
  }
  return '';
}

export function checkRedistribution(input: Fields, expected: Fields): string {
  const quotas = list(input.quotas);
  const runtime = new Float64Array(quotas.length);
  const column = (name: string): Float64Array => Float64Array.from(quotas, (quota) => numberOr(quota[name], 0));
  redistributeQuota(
    numberOr(input.totalUnits, 0),
    {
      count: quotas.length,
      names: quotas.map((quota) => textOr(quota.name, '')),
      weight: column('sharedWeight'),
      limitedRequest: column('limitedRequestUnits'),
      min: column('minUnits'),
      guarantee: column('guaranteeUnits'),
      allowLent: Uint8Array.from(quotas, (quota) => (booleanOr(quota.allowLent, true) ? 1 : 0)),
    },
    runtime,
  );
  const byName = Object.fromEntries(quotas.map((quota, row) => [textOr(quota.name, ''), runtime[row]]));
  const unread = unreadExpectation(expected, ['runtimeUnits', 'sumRuntimeUnits', 'minimumRuntimeUnits']);
  if (unread !== '') return unread;
  const stated = compareStated(expected.runtimeUnits, byName, 'runtimeUnits');
  if (stated !== '') return stated;
  const sum = runtime.reduce((total, value) => total + value, 0);
  const wantedSum = optionalNumber(expected.sumRuntimeUnits);
  if (wantedSum !== undefined && wantedSum !== sum) return firstDifference(wantedSum, sum, 0, 'sumRuntimeUnits');
  for (const [name, least] of Object.entries(record(expected.minimumRuntimeUnits)))
    if (!(byName[name] >= numberOr(least, 0)))
      return `runtimeUnits.${name}: expected at least ${least}, got ${byName[name]}`;
  return '';
}

function treeOf(input: Fields): QuotaTree {
  const quotas = list(input.quotas);
  const both = (quota: Fields, prefix: string): (number | undefined)[] => [
    optionalNumber(quota[`${prefix}MilliCPU`]),
    optionalNumber(quota[`${prefix}MemoryBytes`]),
  ];
  const tree = buildQuotaTree(
    quotas.map((quota) => ({
      name: textOr(quota.name, ''),
      parent: typeof quota.parent === 'string' ? quota.parent : null,
      max: both(quota, 'max'),
      min: both(quota, 'min'),
      sharedWeight: both(quota, 'sharedWeight'),
      guarantee: both(quota, 'guarantee'),
      allowLent: booleanOr(quota.allowLent, true),
      mayScaleMin: booleanOr(quota.enableScale, true),
    })),
    ['milliCPU', 'memoryBytes'],
  );
  for (const quota of quotas) {
    const row = tree.names.indexOf(textOr(quota.name, ''));
    const requests = both(quota, 'podRequest');
    tree.dimensions.forEach((dimension, index) => {
      dimension.podRequest[row] = requests[index] ?? 0;
    });
  }
  return tree;
}

export function checkQuotaTree(input: Fields, expected: Fields): string {
  const tree = treeOf(input);
  propagateRequests(tree);
  const totals = [numberOr(input.totalMilliCPU, 0), numberOr(input.totalMemoryBytes, 0)];
  refreshAllQuotas(tree, totals, booleanOr(input.minQuotaScaleEnabled, false));
  const columns: Readonly<Record<string, (dimension: QuotaDimension) => Float64Array>> = {
    runtime: (dimension) => dimension.runtime,
    request: (dimension) => dimension.request,
    childRequest: (dimension) => dimension.childRequest,
    limitedRequest: (dimension) => dimension.limitedRequest,
    autoScaledMin: (dimension) => dimension.autoScaledMin,
  };
  const unread = unreadExpectation(expected, Object.keys(columns));
  if (unread !== '') return unread;
  for (const [result, column] of Object.entries(columns)) {
    const byName: Record<string, unknown> = {};
    tree.names.forEach((name, row) => {
      const stated = record(record(expected[result])[name]);
      byName[name] = Object.fromEntries(
        tree.dimensions
          .filter((dimension) => dimension.name in stated)
          .map((dimension) => [dimension.name, column(dimension)[row]]),
      );
    });
    const difference = compareStated(expected[result], byName, result);
    if (difference !== '') return difference;
  }
  return '';
}

export function checkScaledMin(input: Fields, expected: Fields): string {
  const children = list(input.children);
  const sumOf = (wanted: boolean): number =>
    children
      .filter((child) => booleanOr(child.enableScale, true) === wanted)
      .reduce((sum, child) => sum + numberOr(child.minMilliCPU, 0), 0);
  const [sumScaled, sumFixed] = [sumOf(true), sumOf(false)];
  const byName = Object.fromEntries(
    children.map((child) => [
      textOr(child.name, ''),
      scaledMin(
        numberOr(input.totalMilliCPU, 0),
        numberOr(child.minMilliCPU, 0),
        booleanOr(child.enableScale, true),
        sumScaled,
        sumFixed,
      ),
    ]),
  );
  const unread = unreadExpectation(expected, ['scaledMinMilliCPU']);
  return unread || compareStated(expected.scaledMinMilliCPU, byName, 'scaledMinMilliCPU');
}
