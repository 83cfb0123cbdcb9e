import { describe, expect, test } from 'vitest';
import { validatePhysicsCommand } from './validate-physics.ts';

async function run(options: { json?: boolean; ablations?: boolean; engine?: boolean; strict?: boolean }) {
  let text = '';
  const exitCode = await validatePhysicsCommand(
    { json: false, ablations: false, engine: false, strict: false, ...options },
    (part) => {
      text += part;
    },
  );
  return { exitCode, text, lines: text.trimEnd().split('\n') };
}

describe('validate-physics', async () => {
  const plain = await run({ ablations: true });
  test('24 facts with 11 passed, 5 failed, 2 calibration and 6 for whole runs end with code 0', async () => {
    const { exitCode, lines } = plain;
    expect(exitCode).toBe(0);
    expect(lines.filter((line) => /^V\d+ /.test(line))).toHaveLength(24);
    expect(lines.at(-1)).toBe('11 passed, 5 failed, 2 used for calibration (not counted), 6 not run');
    expect(lines.find((line) => line.startsWith('V1 '))).toBe('V1    CALIBRATION');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(112);
  });

  test('every failing fact prints a reason under it', async () => {
    const { text } = plain;
    const blocks = text.split('\n\n').filter((block) => /^V\d+ +FAIL/.test(block));
    expect(blocks).toHaveLength(5);
    for (const block of blocks) expect(block).toMatch(/\n {6}reason {3}\S/);
  });

  test('--strict makes failing facts end with code 1', async () => {
    expect((await run({ strict: true })).exitCode).toBe(1);
  });

  test('--json gives the same counts, all rows and five ablations when asked', async () => {
    const { text } = await run({ json: true, ablations: true });
    const parsed = JSON.parse(text);
    expect(parsed.counts).toEqual({ passed: 11, failed: 5, calibration: 2, notRun: 6 });
    expect(parsed.rows).toHaveLength(24);
    expect(parsed.ablations).toHaveLength(5);
  });

  test('--engine judges V7, V10, V11, V12 and V14 by their bands; V13 says what its source leaves open', async () => {
    const { text } = await run({ engine: true, json: true });
    const rows: { id: string; needs: string; verdict: string; reason: string; model: { model: number }[] }[] =
      JSON.parse(text).rows;
    const engine = rows.filter((row) => row.needs === 'engine');
    expect(engine.filter((row) => row.verdict === 'not-modelled').map((row) => row.id)).toEqual(['V13']);
    for (const row of engine) {
      expect(row.reason.length, row.id).toBeGreaterThan(40);
      for (const { model } of row.model) expect(Number.isFinite(model), row.id).toBe(true);
    }
  });
});
