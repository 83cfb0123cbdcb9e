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
  /** Mesos: --agent_reregister_timeout, which is its minimum too. */
  agentReregisterTimeout: '10m',
  /** Mesos: --registration_backoff_factor. */
  agentBackoff: '1s',
  /** Mesos: --zk_session_timeout. */
  zooKeeperSession: '10s',
  /** A Monday, as day 0 of the services' weeks is. */
  startsAt: '2024-01-01T00:00:00Z',
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

/** A run takes no time. Upstream's after 2018-09: 35 us and 0.07 us (10,000 agents: 1.06 s with 1,000 frameworks, 2.47 s with 3,000). */
export const MESOS_ALLOCATOR_COST_DEFAULTS = { perAgentUs: 0, perAgentFrameworkUs: 0 } as const;

export const MESOS_RESERVATION_DEFAULTS = {
  kind: 'static',
  refines: '',
  cpu: '0 cores',
  memory: '0GiB',
  disk: '0GiB',
  at: '0s',
  until: '0s',
} as const;

/** What Chronos takes a job for that says nothing else; how it uses its CPU is assumed as that of transcoding. [A] */
export const CHRONOS_JOB_DEFAULTS = {
  schedule: '',
  timeZone: '',
  cpu: '0.1 cores',
  memory: '128MiB',
  disk: '256MiB',
  usageOverRequest: '100%',
  pressureClass: 'transcode',
  epsilon: '60s',
  retries: 2,
  softError: false,
  concurrent: false,
  lane: null,
} as const;
/** Mesos: --agent_removal_rate_limit is unset. */
export const MESOS_REMOVAL_RATE_DEFAULTS = { agents: 0, per: '1m' } as const;

/** One week, as Marathon and Chronos set it. */
export const MESOS_FRAMEWORK_DEFAULTS = {
  role: '*',
  gpuCapable: true,
  reservationRefinement: true,
  partitionAware: false,
  failoverTimeout: '7d',
  /** Tasks end at once when they are killed. [A] Mesos' command executor gives them up to 3 s, Marathon what an app asks for. */
  killGracePeriod: '0s',
  cluster: '',
  scheduler: '',
  taskDisk: '0GiB',
  spillAtQueue: 0,
} as const;

/** A partition of a minute and maintenance of half an hour, announced two hours before. [A] */
export const MESOS_INCIDENT_DEFAULTS = {
  lasts: '0s',
  notice: '0s',
  cluster: '',
  /** A redirect within a data centre [A]; HAProxy's retries, and a usual timeout of servers. */
  hop: '5ms',
  timeout: '30s',
  tries: 3,
} as const;

/** As the operator API has it: no bound on grace periods, agents stay known, checks are made. */
export const MESOS_OPERATION_DEFAULTS = { cluster: '', maxGracePeriod: null, markGone: false, force: false } as const;

export const MESOS_OVERSUBSCRIPTION_DEFAULTS = { kind: 'none', cpuRatio: 1, memRatio: 1 } as const;

export const MESOS_LAUNCH_DEFAULTS = {
  /** The Docker daemon of that time created a few containers at once. [A] */
  lanes: 4,
  /** A container of a local image on SSD with overlay: 568 ms measured (arXiv 2602.15214); 1,157 ms on disks. */
  create: '570ms',
  storageDriver: 'overlay',
  start: '1s',
  /** 0: images are on every host. */
  imageMb: 0,
  nicMbPerSecond: 1000,
  registryMbPerSecond: 1000,
} as const;
