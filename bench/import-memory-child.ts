/** One import in a process of its own: prints what it found and the most memory it held, as JSON. Arguments: format, folder for the result, paths. */
import { createHash } from 'node:crypto';
import { runImport } from '../traces/import/run-import.ts';

const [format, out, ...paths] = process.argv.slice(2);
const { trace } = await runImport({ format, paths, out, skipInvalid: false, scale: {}, duckdb: true });
const { tasks, services, stored, notes } = trace;
const found = [stored?.tasks?.count ?? tasks.count, stored?.services ?? services?.count ?? 0, notes];
const hash = createHash('sha256').update(JSON.stringify(found)).digest('hex');
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
process.stdout.write(JSON.stringify({ peakMib: maxRSS / 1024, cpuSeconds, hash, found }));
