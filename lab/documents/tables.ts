/** Tables that several documents share. */
import type { LabArm, LabColumn, LabFigure, LabTable } from '../../sim/results/lab-document.ts';

/** A row an arm: mean and half width of every figure, and whether the arm is efficient. */
export function figureTable(
  id: string,
  caption: string,
  arms: readonly LabArm[],
  figures: readonly LabFigure[],
): LabTable {
  const columns: LabColumn[] = [
    { name: 'name', type: 'string', unit: '', about: 'policy or point' },
    { name: 'seeds', type: 'int32', unit: '', about: 'runs' },
    ...figures.flatMap(({ figure, words, unit }): LabColumn[] => [
      { name: figure, type: 'float64', unit, about: words },
      { name: `${figure}HalfWidth`, type: 'float64', unit, about: `half of the interval of ${words}` },
    ]),
    {
      name: 'efficient',
      type: 'string',
      unit: '',
      about: 'not beaten on utilisation, violations, wasted work and cost',
    },
  ];
  return {
    id,
    caption,
    shown: true,
    columns,
    rows: arms.map((arm) => [
      arm.name,
      arm.seeds.length,
      ...figures.flatMap(({ figure }) => [arm.estimates[figure].mean, arm.estimates[figure].halfWidth]),
      arm.pareto === null ? '' : arm.pareto.efficient ? 'yes' : 'no',
    ]),
  };
}
