import { describe, expect, test } from 'vitest';
import { bind, CHANGE, finish, loseAttempt, publish, publishZone, start } from './apply.ts';
import { checkCluster } from './check-cluster.ts';
import { NUMA_POLICY, type NumaPolicyName } from './cpusets.ts';
import { createHostTable, TIER } from './hosts.ts';
import { addTask, smallCluster } from './testing/small-cluster.ts';
import { createZones, zonesFit } from './zones.ts';

const GIB = 1_073_741_824;

/** One host with two zones that sell 6 and 4 cores, 50 GiB each, under a policy. */
function zoned(policy: NumaPolicyName) {
  const zones = createZones([2], Uint8Array.of(NUMA_POLICY[policy]));
  const plain = smallCluster(1);
  const cluster = { ...plain, hosts: { ...createHostTable(1, undefined, undefined, zones), ...plain.hosts, zones } };
  publish(cluster, 0, TIER.batch, 10_000, 100 * GIB, 0);
  publishZone(cluster, 0, 0, 6_000, 50 * GIB, 0);
  publishZone(cluster, 0, 1, 4_000, 50 * GIB, 0);
  return cluster;
}
const place = (cluster: ReturnType<typeof zoned>, cores: number): number => {
  const row = addTask(cluster, cores);
  bind(cluster, row, 0, 1);
  return row;
};

describe('zones of 6 and 4 cores', () => {
  test('single-numa-node: 3 goes to the zone of 4, the fuller one; then 6 to the other; 1 is left in zone 1', () => {
    const cluster = zoned('single-numa-node');
    const { zones } = cluster.hosts;
    const small = place(cluster, 3);
    expect(zones.takes[small]).toEqual([{ zone: 1, milliCpu: 3_000, memBytes: 3 * GIB }]);
    place(cluster, 6);
    expect([...zones.allocatedMilliCpu]).toEqual([6_000, 3_000]);
    expect(zonesFit(zones, 0, 1_000, 0)).toBe(true);
    expect(zonesFit(zones, 0, 1_001, 0)).toBe(false);
    checkCluster(cluster);
    loseAttempt(cluster, small, 5, CHANGE.evict, 0);
    expect([...zones.allocatedMilliCpu]).toEqual([6_000, 0]);
    checkCluster(cluster);
  });

  test('7 cores: no single zone has them; restricted takes 6 and 1, because one zone could never be enough', () => {
    expect(zonesFit(zoned('single-numa-node').hosts.zones, 0, 7_000, 0)).toBe(false);
    const cluster = zoned('restricted');
    const row = place(cluster, 7);
    expect(cluster.hosts.zones.takes[row]).toEqual([
      { zone: 0, milliCpu: 6_000, memBytes: 7 * GIB },
      { zone: 1, milliCpu: 1_000, memBytes: 0 },
    ]);
    start(cluster, row, 2);
    finish(cluster, row, 3);
    expect([...cluster.hosts.zones.allocatedMilliCpu]).toEqual([0, 0]);
    checkCluster(cluster);
  });

  test('restricted refuses 4 cores that lie in two zones when one zone is sold that much; best-effort takes them', () => {
    for (const policy of ['restricted', 'best-effort'] as const) {
      const cluster = zoned(policy);
      place(cluster, 3);
      place(cluster, 3);
      // 6 - 3 in zone 0, 4 - 3 in zone 1
      expect([...cluster.hosts.zones.allocatedMilliCpu]).toEqual([3_000, 3_000]);
      expect(zonesFit(cluster.hosts.zones, 0, 4_000, 0)).toBe(policy === 'best-effort');
      if (policy === 'restricted') continue;
      place(cluster, 4);
      expect([...cluster.hosts.zones.allocatedMilliCpu]).toEqual([6_000, 4_000]);
      checkCluster(cluster);
    }
  });

  test('best-effort is never refused: of 2 cores more than are left it has none', () => {
    const cluster = zoned('best-effort');
    place(cluster, 6);
    place(cluster, 4);
    publish(cluster, 0, TIER.batch, 20_000, 100 * GIB, 2);
    publishZone(cluster, 0, 0, 6_000, 50 * GIB, 2);
    publishZone(cluster, 0, 1, 4_000, 50 * GIB, 2);
    const row = place(cluster, 2);
    expect(cluster.hosts.zones.takes[row].reduce((sum, take) => sum + take.milliCpu, 0)).toBe(0);
    checkCluster(cluster);
  });

  test('memory counts too: a zone with the CPU but 50 GiB sold refuses 51', () => {
    const { zones } = zoned('single-numa-node').hosts;
    expect(zonesFit(zones, 0, 1_000, 50 * GIB)).toBe(true);
    expect(zonesFit(zones, 0, 1_000, 50 * GIB + 1)).toBe(false);
  });

  test('a seller that knows no zones sells them equal parts', () => {
    const cluster = zoned('single-numa-node');
    publish(cluster, 0, TIER.batch, 9_001, 3, 2);
    expect([...cluster.hosts.zones.soldMilliCpu]).toEqual([4_500, 4_500]);
    expect([...cluster.hosts.zones.soldMemBytes]).toEqual([1, 1]);
  });

  test('bind refuses what the filter refuses, a zone that is not there is refused, and the recount finds what was moved behind its back', () => {
    const cluster = zoned('single-numa-node');
    expect(() => place(cluster, 7)).toThrow('host 0 has no NUMA zones with room for 7000m');
    expect(() => publishZone(cluster, 0, 2, 1, 1, 0)).toThrow('host 0 has no NUMA zone 2');
    const other = zoned('single-numa-node');
    place(other, 3);
    other.hosts.zones.allocatedMilliCpu[0] = 1;
    expect(() => checkCluster(other)).toThrow('zones.allocatedMilliCpu[0]');
  });
});

test('hosts with one zone or without a policy have none', () => {
  const zones = createZones([2, 1, 4], Uint8Array.of(NUMA_POLICY.none, NUMA_POLICY.restricted, NUMA_POLICY.restricted));
  expect([...zones.firstZone]).toEqual([0, 0, 0, 4]);
  expect(zonesFit(zones, 0, 1e9, 1e18)).toBe(true);
});
