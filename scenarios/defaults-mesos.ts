/** What a Mesos control plane may leave out, as a person would write it. [A] marks an assumption without data behind it. */

export const MESOS_DEFAULTS = {
  variant: 'modern',
  /** Mesos: --allocation_interval. */
  allocationInterval: '1s',
  /** Mesos: --offer_timeout is unset, offers live for ever. */
  offerTimeout: '0s',
  roleSorter: 'drf',
  frameworkSorter: 'drf',
  filterGpuResources: true,
  /** Mesos: --agent_ping_timeout and --max_agent_ping_timeouts: lost after 75 s. */
  agentPingTimeout: '15s',
  agentMaxPingTimeouts: 5,
  /** Mesos: --registration_backoff_factor. */
  agentBackoff: '1s',
  /** Mesos: --zk_session_timeout. */
  zooKeeperSession: '10s',
  /** [A] */
  diskPerAgent: '1TiB',
} as const;

export const MESOS_ROLE_DEFAULTS = {
  weight: 1,
  cpuGuarantee: '0 cores',
  memGuarantee: '0GiB',
  cpuLimit: '0 cores',
  memLimit: '0GiB',
} as const;

/** One week, as Marathon and Chronos set it. */
export const MESOS_FRAMEWORK_DEFAULTS = {
  role: '*',
  gpuCapable: true,
  failoverTimeout: '7d',
  cluster: '',
  scheduler: '',
  taskDisk: '0GiB',
  spillAtQueue: 0,
} as const;

/** A partition of a minute and maintenance of half an hour, announced two hours before. [A] */
export const MESOS_INCIDENT_DEFAULTS = { lasts: '0s', notice: '0s', cluster: '' } as const;

export const MESOS_OVERSUBSCRIPTION_DEFAULTS = { kind: 'none', cpuRatio: 1, memRatio: 1 } as const;

export const MESOS_LAUNCH_DEFAULTS = {
  /** The Docker daemon of that time created a few containers at once. [A] */
  lanes: 4,
  /** Container start 0.57 s from a local image on SSD (overlay); device-mapper took about three times that [A]. */
  create: '570ms',
  start: '1s',
  /** 0: images are on every host. */
  imageMb: 0,
  nicMbPerSecond: 1000,
  registryMbPerSecond: 1000,
} as const;
