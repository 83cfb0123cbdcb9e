/**
 * What a leaf queue and its users may hold: applications, application masters, containers. Memory in MB.
 *
 *   amLimit   = roundUp(usable x am share) ; usable = queue maximum, or the guarantee where that is larger
 *   userLimit = max(used by active users / their weights, currentCap x minimum user limit)
 *   limit     = roundUp(roundUp(min(userLimit, guarantee x factor)) x weight)
 *
 * currentCap grows with what is consumed, one container ahead; a user may pass its limit by one container.
 * Source: Hadoop, UsersManager, AbstractLeafQueue, CapacitySchedulerConfiguration.
 */
import { roundDownTo, roundUpTo } from './resource-calculator.ts';

/** A leaf queue's settings in one partition, and the partition. */
export interface QueueSettings {
  readonly partitionMb: number;
  readonly absoluteCapacity: number;
  readonly absoluteMax: number;
  readonly minUserLimitPercent: number;
  /** -1: no cap below the queue's maximum. */
  readonly userLimitFactor: number;
  readonly minAllocationMb: number;
}

/** What one user holds, and whether it asks for more. */
export interface UserUse {
  readonly usedMb: number;
  readonly weight: number;
  readonly active: boolean;
}

/** Applications a queue and one user may have; Java's floats, cut to whole numbers. */
export function maxApplications(
  queueMax: number | null,
  systemMax: number,
  absoluteCapacity: number,
  minUserLimitPercent: number,
  userLimitFactor: number,
): { readonly queue: number; readonly user: number } {
  const queue = queueMax ?? Math.trunc(Math.fround(Math.fround(absoluteCapacity) * systemMax));
  const ofUser = Math.fround(
    Math.fround(queue * Math.fround(minUserLimitPercent / 100)) * Math.fround(userLimitFactor),
  );
  return { queue, user: userLimitFactor < 0 ? queue : Math.min(queue, Math.trunc(ofUser)) };
}

/** What the queue is guaranteed, cut to whole units. */
export function guaranteeMb({
  partitionMb,
  absoluteCapacity,
}: Pick<QueueSettings, 'partitionMb' | 'absoluteCapacity'>): number {
  return Math.floor(wholeIfClose(partitionMb * absoluteCapacity));
}

/** Use over the guarantee (0 where there is none), and over the partition. */
export function usedCapacity(
  usedMb: number,
  partitionMb: number,
  absoluteCapacity: number,
): { readonly ofGuarantee: number; readonly ofPartition: number } {
  if (partitionMb === 0) return { ofGuarantee: 0, ofPartition: 0 };
  const guaranteed = partitionMb * absoluteCapacity;
  return { ofGuarantee: guaranteed === 0 ? 0 : usedMb / guaranteed, ofPartition: usedMb / partitionMb };
}

/** The most the queue may hold. */
export function queueMaxMb({ partitionMb, absoluteMax }: QueueSettings): number {
  return Math.floor(wholeIfClose(partitionMb * absoluteMax));
}

/** Java multiplies floats: a product within a float's precision of a whole number is that number. */
function wholeIfClose(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= 1e-7 * Math.abs(whole) ? whole : value;
}

/** Half up to whole MB, then up to the allocation step. */
function normalizeUpMb(value: number, stepMb: number): number {
  return roundUpTo(Math.floor(value + 0.5), stepMb);
}

/** Memory that application masters of the queue may hold; a labelled partition counts its guarantee alone. */
export function queueAmLimitMb(settings: QueueSettings, amShare: number, labelled: boolean): number {
  const guarantee = guaranteeMb(settings);
  const max = queueMaxMb(settings);
  const usable = labelled || guarantee > max ? guarantee : max;
  return normalizeUpMb(usable * amShare, settings.minAllocationMb);
}

/** Memory that application masters of one user may hold. */
export function userAmLimitMb(
  settings: QueueSettings,
  amShare: number,
  labelled: boolean,
  activeUsers: number,
  weight: number,
): number {
  const share = Math.max(settings.minUserLimitPercent / 100, 1 / Math.max(1, activeUsers));
  const factor = settings.userLimitFactor === -1 ? 1 : Math.min(1, share * weight) * settings.userLimitFactor;
  const ofUser = normalizeUpMb(guaranteeMb(settings) * amShare * factor, settings.minAllocationMb);
  return Math.min(ofUser, queueAmLimitMb(settings, amShare, labelled));
}

/** What a user of this weight may hold now. */
export function userLimitMb(settings: QueueSettings, users: readonly UserUse[], weight: number): number {
  const { partitionMb, absoluteCapacity, minAllocationMb: step } = settings;
  const capacity = Math.max(step, roundUpTo(Math.floor(wholeIfClose(partitionMb * absoluteCapacity)), step));
  const consumed = users.reduce((sum, { usedMb }) => sum + usedMb, 0);
  const current = consumed < capacity ? capacity : consumed + step;
  const active = users.filter((user) => user.active);
  const usedByActive = active.reduce((sum, { usedMb }) => sum + usedMb, 0) + step;
  const weights = active.reduce((sum, user) => sum + user.weight, 0);
  const equalShare = weights === 0 ? 0 : Math.ceil(usedByActive / weights);
  const share = Math.max(equalShare, Math.ceil(wholeIfClose((current * settings.minUserLimitPercent) / 100)));
  const isUncapped = settings.userLimitFactor === -1 || absoluteCapacity === 0;
  const cap = isUncapped ? queueMaxMb(settings) : Math.floor(wholeIfClose(capacity * settings.userLimitFactor));
  return roundUpTo(wholeIfClose(roundUpTo(Math.min(share, cap), step) * weight), step);
}

/** What an application may still ask for with a chance to get it. */
export function headroomMb(settings: QueueSettings, users: readonly UserUse[], user: UserUse): number {
  const queueUsed = users.reduce((sum, { usedMb }) => sum + usedMb, 0);
  const ofUser = userLimitMb(settings, users, user.weight) - user.usedMb;
  const ofQueue = queueMaxMb(settings) - queueUsed;
  const room = Math.min(ofUser, ofQueue, settings.partitionMb - queueUsed);
  return roundDownTo(Math.max(0, room), settings.minAllocationMb);
}
