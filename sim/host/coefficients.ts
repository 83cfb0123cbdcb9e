/**
 * Every coefficient of the host model as data: one row each, nothing computed.
 *
 * Row: value, low, high (sweep range), unit, tag/confidence, source, note. Tags: F found in the source named, V derived or
 * verified by computation, S stated by the operator, M from memory, A assumed. Confidence: H, M, L. "section n" as a source is
 * that section of docs/performance-models.md, which names what lies behind it. A claim may rest on F, V
 * and S rows; one that rests on an M or A row needs a sweep over that row's range.
 */

export type CoefficientRow = readonly [
  value: number,
  low: number,
  high: number,
  unit: string,
  tag: string,
  source: string,
  note: string,
];

export const COEFFICIENTS = {
  // Sharing of CPUs
  systemCpuFraction: [0.03, 0.01, 0.06, 'of node', 'A/M', 'section 1.1', 'daemons and kernel threads'],
  smtYield: [1.3, 1.1, 1.45, 'ratio', 'F/M', 'SMT survey', 'throughput of two busy siblings over one'],
  runQueueSliceMs: [3, 1, 10, 'ms', 'M/H', 'CFS defaults', 'minimum granularity on 8 or more cpus'],

  // Isolation levels: P(wait) per unit of best-effort busy fraction, mean wait
  equalWaitSlope: [0.275, 0.15, 0.4, 'ratio', 'V/M', 'Koordinator nginx + ffmpeg', 'fitted, row V1'],
  equalWaitMs: [0.56, 0.3, 3, 'ms', 'V/M', 'Koordinator nginx + ffmpeg', 'fitted, row V1'],
  sharesWaitSlope: [0.03, 0, 0.08, 'ratio', 'A/L', 'ACK table', 'shares = 2'],
  sharesWaitMs: [0.56, 0.3, 3, 'ms', 'A/L', 'ACK table', ''],
  noiseCleanWaitSlope: [0.36, 0.2, 0.5, 'ratio', 'V/M', 'Koordinator nginx + ffmpeg', 'fitted, row V2'],
  noiseCleanWaitMs: [0.23, 0.1, 0.5, 'ms', 'V/M', 'Koordinator nginx + ffmpeg', 'fitted, row V2'],
  groupIdentityWaitSlope: [0.01, 0, 0.2, 'ratio', 'F/M', 'Alibaba Group Identity', 'claim of below 5 %'],
  groupIdentityWaitMs: [0.07, 0, 0.1, 'ms', 'F/M', 'Alibaba Group Identity', ''],
  groupIdentityEfficiency: [0.9, 0.8, 1, 'ratio', 'A/M', 'section 1.4', 'idle cores that best effort finds'],
  sharesMarginalShare: [0.99, 0.9, 1, 'ratio', 'V/H', 'section 3.1', 'of best-effort CPU an LS pod can take'],
  noiseCleanMarginalShare: [0.99, 0.9, 1, 'ratio', 'A/M', 'as shares', 'not stated for bvt'],
  suppressGrowthFraction: [0.1, 0.05, 0.2, 'of node/s', 'F/H', 'Koordinator source', 'growth per 1 s loop'],
  suppressExcessSeconds: [1.5, 1.4, 1.6, 's', 'V/H', '100,000 phases', 'core-seconds per core of step'],

  // Contention
  llcWayProtection: [0, 0, 0.8, 'ratio', 'F/M', 'resctrl', '0.7 when best effort has 30 % of the ways'],
  memLatencyCurve: [0.95, 0.8, 0.97, 'ratio', 'A/L', 'section 4.1', 'Lat(u) = 1 / (1 - curve u^4)'],
  memBandwidthCap: [0.97, 0.9, 0.99, 'ratio', 'A/M', 'section 4.1', 'largest bandwidth use'],
  memThrottle: [1, 0.1, 1, 'ratio', 'F/M', 'resctrl MBA', 'multiplies best-effort bandwidth'],
  hostBandwidthGbPerSecond: [220, 200, 280, 'GB/s', 'M/M', '2 x 6-channel DDR4', 'where the shape gives none'],
  lsBandwidthGbPerCore: [0.7, 0.3, 1.5, 'GB/s', 'V/L', 'matrix of section 4.2', 'only value that repeats it'],
  turboLoss: [0.15, 0, 0.25, 'ratio', 'A/M', 'section 4.1', 'base clock at full load'],
  turboFreeUse: [0.3, 0.1, 0.5, 'ratio', 'A/M', 'section 4.1', 'use below which the clock is full'],
  neighbourPerUse: [
    0.2,
    0.1,
    0.3,
    'ratio',
    'M/H',
    'Borg 2015',
    'CPI per unit of machine CPU; row V18 only, a run knows its neighbours',
  ],
  neighbourPerTask: [0.003, 0.001, 0.005, 'ratio', 'M/H', 'Borg 2015', 'CPI per added task; row V18 only'],
  podNoiseSigma: [
    0.1,
    0,
    0.2,
    'ln',
    'A/M',
    'Borg 2015',
    'frozen per pod and host; no run reads it: it would move every digest for 5 % of CPI variance',
  ],

  // Latency classes
  staticWebLlc: [0.05, 0.02, 0.1, 'ratio', 'A/L', 'section 4.2', ''],
  staticWebMem: [0.1, 0.05, 0.2, 'ratio', 'A/L', 'section 4.2', ''],
  staticWebCpuShare: [0.2, 0.1, 0.3, 'ratio', 'A/L', 'section 4.2', 'CPU share of latency'],
  staticWebScv: [0.28, 0.2, 0.4, 'ratio', 'V/M', 'nginx baseline', 'squared CV of service'],
  rpcLlc: [0.15, 0.05, 0.3, 'ratio', 'A/L', 'section 4.2', ''],
  rpcMem: [0.2, 0.1, 0.35, 'ratio', 'A/L', 'section 4.2', ''],
  rpcCpuShare: [0.5, 0.3, 0.8, 'ratio', 'A/L', 'section 4.2', ''],
  rpcScv: [0.6, 0.5, 1, 'ratio', 'A/L', 'section 4.2', ''],
  kvCacheLlc: [0.3, 0.1, 0.6, 'ratio', 'A/L', 'section 4.2', ''],
  kvCacheMem: [0.25, 0.1, 0.4, 'ratio', 'A/L', 'section 4.2', ''],
  kvCacheCpuShare: [0.5, 0.3, 0.7, 'ratio', 'A/L', 'section 4.2', ''],
  kvCacheScv: [0.3, 0.2, 0.6, 'ratio', 'A/L', 'section 4.2', ''],
  searchLlc: [0.25, 0.1, 0.5, 'ratio', 'A/L', 'section 4.2', ''],
  searchMem: [0.35, 0.2, 0.5, 'ratio', 'A/L', 'section 4.2', ''],
  searchCpuShare: [0.8, 0.6, 0.95, 'ratio', 'A/L', 'section 4.2', ''],
  searchScv: [0.5, 0.3, 0.8, 'ratio', 'A/L', 'section 4.2', ''],
  staticWebServiceMs: [0.258, 0.1, 2, 'ms', 'V/M', 'nginx baseline', 'mean: median 0.228, sigma 0.495'],
  rpcServiceMs: [10, 2, 50, 'ms', 'A/L', 'usual scale', 'unloaded answer time'],
  kvCacheServiceMs: [1, 0.2, 3, 'ms', 'A/L', 'usual scale', ''],
  searchServiceMs: [40, 10, 150, 'ms', 'A/L', 'usual scale', ''],

  // Classes of best-effort work
  transcodeBandwidth: [0.8, 0.4, 1.5, 'GB/s/core', 'A/L', 'section 4.2', ''],
  transcodeLlc: [0.5, 0.3, 0.7, 'of share', 'A/L', 'section 4.2', 'of LLC / cpus, per core'],
  transcodeYield: [1.3, 1.1, 1.45, 'ratio', 'A/M', 'section 4.2', 'SMT yield beside an LS thread'],
  sparkBandwidth: [1.5, 0.8, 3, 'GB/s/core', 'A/L', 'section 4.2', ''],
  sparkLlc: [0.8, 0.5, 1, 'of share', 'A/L', 'section 4.2', ''],
  sparkYield: [1.3, 1.1, 1.45, 'ratio', 'A/M', 'section 4.2', ''],
  mlTrainingBandwidth: [3, 2, 5, 'GB/s/core', 'A/L', 'section 4.2', ''],
  mlTrainingLlc: [1, 0.7, 1, 'of share', 'A/L', 'section 4.2', ''],
  mlTrainingYield: [1.2, 1.1, 1.35, 'ratio', 'A/M', 'section 4.2', ''],
  spinBandwidth: [0, 0, 0.1, 'GB/s/core', 'A/H', 'section 4.2', ''],
  spinLlc: [0, 0, 0.1, 'of share', 'A/H', 'section 4.2', ''],
  spinYield: [1.2, 1.1, 1.35, 'ratio', 'A/M', 'section 4.2', ''],

  // Queueing and service targets
  arrivalScv: [1, 1, 4, 'ratio', 'A/M', 'Poisson', 'squared CV of gaps between requests'],
  rateCv: [0.2, 0.05, 0.5, 'ratio', 'A/L', 'section 3.5', 'of the arrival rate inside a window; sweep first'],
  rateCorrelationMs: [1000, 100, 10000, 'ms', 'A/L', 'section 3.5', 'how long a rate lasts'],
  commonRateShare: [0.7, 0.3, 0.9, 'of variance', 'A/L', 'section 3.5', 'common to all replicas'],
  stationaryCap: [0.95, 0.9, 0.98, 'load', 'V/M', 'section 3.5', 'finite-time relaxation'],
  designLoad: [0.35, 0.2, 0.5, 'of limit', 'A/L', 'section 3.6', 'load at which the target is set'],
  targetOverBaseline: [1.5, 1.2, 2, 'ratio', 'A/M', 'section 3.6', 'beta'],
  objective: [0.99, 0.95, 0.999, 'ratio', 'A/M', 'section 3.6', 'share of requests in time'],
  wakeUpsPerRequest: [1, 1, 10, 'count', 'A/L', 'section 1.4', ''],
  modelFactor: [1.75, 1.5, 2, 'ratio', 'V/M', 'section 3.4', 'band around every violation probability'],

  // Throttling
  cv100: [0.3, 0.1, 2, 'ratio', 'A/L', 'section 2.1', 'CV of the arrival rate at 100 ms; sweep first'],
  cfsPeriodMs: [100, 10, 100, 'ms', 'F/H', 'sched-bwc', ''],
  burstQuotas: [1, 0, 9, 'quotas', 'F/H', 'Linux, Anolis', 'kernel at most 1, Anolis up to 9'],

  // Memory
  directReclaimStart: [0.95, 0.9, 0.98, 'used', 'A/L', 'section 5', ''],
  directReclaimPeak: [0.2, 0.05, 0.5, 'ratio', 'A/L', 'section 5', 'share of requests stalled at full memory'],
  directReclaimMs: [10, 2, 50, 'ms', 'A/L', 'section 5', ''],
  memoryQosFactor: [0.2, 0.1, 0.5, 'ratio', 'A/L', 'section 5', 'with min and low set'],
  minFreeFraction: [0.01, 0.005, 0.03, 'of node', 'M/M', 'section 5', "kernel's low watermark and reserve"],
  lsFileOverAnon: [0.3, 0.05, 1, 'ratio', 'A/L', 'section 5', 'file pages services would keep, over their own memory'],
  lsHotFileShare: [0.5, 0.2, 1, 'ratio', 'A/L', 'section 5', 'of those pages: h, read often'],
  beFileOverAnon: [0.5, 0.1, 2, 'ratio', 'A/L', 'section 5', 'file pages best effort would keep'],
  diskReadMs: [0.2, 0.1, 8, 'ms', 'M/M', 'section 5', 'SATA SSD 0.2, NVMe 0.1, disk 8'],
  reclaimBestEffortSlowdown: [1, 0.2, 5, 'ratio', 'A/L', 'section 5', 'added at full memory: 1 = half the speed'],
  memoryRampSeconds: [60, 30, 120, 's', 'A/L', 'section 5', 'from start to full memory'],
  evictLoopSeconds: [1.5, 1, 2, 's', 'V/M', 'section 5', '1 s loop with its own phase'],
  evictKillSeconds: [3, 1, 5, 's', 'A/M', 'section 5', 'from decision to freed memory'],
  backgroundReclaimStart: [0.95, 0.9, 0.98, 'of limit', 'F/M', 'Koordinator wmark', ''],
  reclaimableNative: [1, 0.7, 1, 'ratio', 'A/M', 'section 5', 'of request - working set'],
  reclaimableJvm: [0.2, 0, 0.4, 'ratio', 'A/M', 'section 5', ''],
  reclaimableKata: [0.1, 0, 0.5, 'ratio', 'A/L', 'section 7', 'guest page cache stays in the guest'],

  // Disk and network
  hddIops: [150, 80, 250, '/s', 'M/M', 'section 5', 'requests of one device'],
  hddMs: [8, 4, 12, 'ms', 'M/M', 'section 5', 'one request alone'],
  ssdIops: [50000, 20000, 100000, '/s', 'M/M', 'section 5', 'SATA'],
  ssdMs: [0.2, 0.1, 0.5, 'ms', 'M/M', 'section 5', ''],
  nvmeIops: [400000, 200000, 1000000, '/s', 'M/M', 'section 5', ''],
  nvmeMs: [0.1, 0.05, 0.2, 'ms', 'M/M', 'section 5', ''],
  ioUseCap: [0.95, 0.9, 0.98, 'ratio', 'A/M', 'section 5', 'largest use of disk or network'],
  beIoWeight: [0.1, 0.01, 1, 'ratio', 'A/L', 'io.weight', 'best effort over services, where they contend'],
  packetBytes: [1500, 1500, 9000, 'bytes', 'F/H', 'Ethernet', ''],
  dscpProtection: [1, 0, 1, 'ratio', 'A/M', 'section 5', "of best effort's packets that stand behind services'"],

  // Best effort
  beOverhead: [0, 0, 0.1, 'ratio', 'A/M', 'section 6', 'time not spent on work'],
  beUsedOverRequested: [0.6, 0.3, 0.9, 'ratio', 'A/L', 'section 12', ''],
  starvedShare: [0.2, 0.1, 0.5, 'ratio', 'A/M', 'section 6', 'grant over request below which it starves'],
  stragglerSigma: [0.2, 0, 0.5, 'ln', 'A/L', 'section 6', 'of the time of like tasks, whose mean stays'],
  executorTimeoutSeconds: [120, 60, 600, 's', 'M/H', 'spark.network.timeout', 'grant below 2 cpus for so long'],
  nodeManagerExpirySeconds: [600, 120, 600, 's', 'M/H', 'YARN', ''],
  speculationRatio: [1.5, 1.2, 3, 'ratio', 'M/H', 'Spark', 'of the median'],
  speculationQuantile: [0.75, 0.5, 0.9, 'ratio', 'M/H', 'Spark', 'done before copies start'],
  remoteShuffleCost: [0.075, 0.05, 0.1, 'ratio', 'A/L', 'section 6', 'extra time with a shuffle service'],
  shuffleGibPerCoreHour: [10, 1, 50, 'GiB/core/h', 'A/L', 'section 6', 'what a task leaves for the next stage'],
  decommissionGraceSeconds: [60, 30, 120, 's', 'S/M', 'SPARK-20624', 'to move output off a host that is drained'],
  migrateMbPerSecond: [200, 50, 1000, 'MB/s', 'A/L', 'SPARK-20624', 'of one job on one host'],
  checkpointSeconds: [30, 5, 300, 's', 'A/L', 'section 6', 'to write one'],
  meanHoursToEviction: [4, 0.5, 24, 'h', 'A/L', 'section 6', 'by which checkpoints are spaced'],

  // Kata, start-up, images
  kataMemMib: [160, 130, 350, 'MiB', 'F/H', 'kata-containers', 'per pod'],
  kataMilliCpu: [250, 100, 250, 'm', 'F/H', 'kata-containers', 'per pod'],
  kataLsSlowdown: [1.03, 1.01, 1.2, 'ratio', 'F/L', 'section 7', ''],
  kataBeSlowdown: [1.05, 1.01, 1.2, 'ratio', 'F/L', 'section 7', ''],
  kataWakeMs: [0.04, 0.02, 0.06, 'ms', 'A/M', 'section 7', 'per wake-up'],
  kataStartMs: [900, 850, 950, 'ms', 'F/H', 'kuasar.io', 'one pod'],
  containerStartSsdMs: [568, 400, 800, 'ms', 'F/H', 'arXiv 2602.15214', ''],
  containerStartHddMs: [1157, 800, 2000, 'ms', 'F/H', 'arXiv 2602.15214', ''],
  daemonLanes: [3, 2, 8, 'count', 'A/M', 'section 7', 'docker 2-4, containerd 4-8'],
  deviceMapperFactor: [2, 2, 5, 'ratio', 'A/L', 'section 5', 'create time over overlayfs, on a block device'],
  deviceMapperLoopFactor: [3, 2, 5, 'ratio', 'A/L', 'section 5', 'create time over overlayfs, on a loop file'],
  peerPullFactor: [1.5, 1.25, 2, 'ratio', 'V/H', 'Dragonfly 12 s against 8 s', 'over line rate'],
} as const satisfies Readonly<Record<string, CoefficientRow>>;
