/** Why rows disagree with the model, by id; written after the run, shown only while the row is out of its band. */
export const REASONS: Readonly<Record<string, string>> = Object.freeze({
  V1:
    'CPU is 11 points high: LS use grows by its own slowdown (1.23 on shared cores) while the measured total leaves no room ' +
    'for growth. Latency agrees, so the level is fitted on latency and its CPU time is an upper bound.',
  V6:
    'The model sees only shared cores and run-queue waits. Migrations and cold caches in a pool of shared cpus, which would ' +
    'have to bring the rest, are not modelled.',
  V7:
    'What is sold (60 % less use) is used at 0.6 of its request, the default of every scenario; containers of whole cores leave part ' +
    'of it over on hosts of 8. Spark that used all it asked for would reach 49.9 %; the source does not say.',
  V9:
    'Best effort is taken to fill all but the 8 buffer cpus (83 %), production had not always work to fill them. The change of ' +
    'violations comes from lost turbo and cache (0.002 points without the two), which buffer cores do not prevent in the model.',
  V10:
    'Batch memory is sold out first: services of the default scenario use half of all memory (70 % requested, 0.7 of it used), the ' +
    'water-line of 65 % leaves an eighth of it to containers of 2.6 GiB a core, which reach 33.9 % CPU even where they use all they ask for. The source states neither memory nor requests.',
  V11:
    'As V10: memory ends before CPU does, although it is sold by use. The stage of the source that frees memory is not described well ' +
    'enough to be modelled.',
  V17:
    'The cache prior (a = 0.25) makes a whole-cache antagonist no worse than busy siblings: misses it sends to DRAM are not ' +
    'counted. DRAM at its cap is then far above LLC-big. Treat cache coefficients of search as a lower bound.',
  V23:
    'Guests boot beside each other, but their containers (0.57 s on docker) pass through 3 lanes one after another. The daemon of the measurement ' +
    'is containerd, whose part of the 0.9 s the source does not separate; 4 to 8 lanes are its range (a mean of 4.2 to 2.4 s). Parallel Kata starts come out too slow.',
  V24:
    'schbench wakes two of its three workers at once every 200 ms, and each spins until 80 ms have passed on the clock. Played by the rule of the ' +
    'kernel that load is throttled at four phases in five without burst (20 ms late at phase 0; published p50 19.9 ms) and at none with it, as ' +
    'published. The closed form knows random arrivals alone, and 80 ms of work for each: at random a buffer of one quota is exhausted within 30 s.',
});
