/** Colours of arms: told apart by people with any colour vision (after Okabe and Ito); beyond eight they come again. */
import type { LabDocument } from '../../sim/results/lab-document.ts';
import type { Piece } from '../charts/theme.ts';
import { colourScale } from '../charts/theme.ts';

const PALETTE = ['#3b82c4', '#e69f00', '#009e73', '#d14d46', '#9b74c9', '#56b4e9', '#8a6d3b', '#8b929a'] as const;

export function armColour(index: number): string {
  return PALETTE[index % PALETTE.length];
}

/** Lines that can be told apart at once; a page with more arms starts with so many, spread over all of them. */
const MOST_SHOWN = 8;

/** Whether each of `count` arms is shown at first: all, or eight from the first to the last. */
export function shownAtFirst(count: number): boolean[] {
  if (count <= MOST_SHOWN) return new Array<boolean>(count).fill(true);
  const chosen = new Set(
    Array.from({ length: MOST_SHOWN }, (_, at) => Math.round((at * (count - 1)) / (MOST_SHOWN - 1))),
  );
  return Array.from({ length: count }, (_, at) => chosen.has(at));
}

/** Colour channel of arms, without a legend: the page's own list of arms is the legend. */
export function armScale(document: LabDocument): Piece {
  return {
    field: 'arm',
    type: 'nominal',
    legend: null,
    scale: colourScale(document.arms.map((arm, index) => [arm.name, armColour(index)] as const)),
  };
}
