// Adds up vitest's JSON reports and prints `N passed, N failed` alone on the last line. A skipped test fails the run: where every
// need is met (data, browser), nothing may be skipped.
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
for (const path of process.argv.slice(2)) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.log(`${path}: no report (${error.message})`);
    failed++;
    continue;
  }
  for (const file of report.testResults) {
    if (file.assertionResults.length === 0) {
      console.log(`${file.name}: no test ran: ${file.message ?? ''}`);
      failed++;
    }
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed++;
      else {
        failed++;
        console.log(`${test.status}: ${file.name}: ${test.fullName}`);
      }
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
