import { expect, test } from 'vitest';
import { exchange, kubernetesBounds, marathonBounds } from './rollout.ts';

const strategy = (minimumHealthCapacity: number, maximumOverCapacity: number) => ({
  minimumHealthCapacity,
  maximumOverCapacity,
});

test('of 10 instances Marathon keeps 8 and allows 12 at 75 % and 25 %; Kubernetes keeps 8 and allows 13', () => {
  // 7.5 up, 12.5 down; 10 - floor(2.5), 10 + ceil(2.5)
  expect(marathonBounds(10, 10, strategy(0.75, 0.25))).toEqual({ minHealthy: 8, maxCapacity: 12 });
  expect(kubernetesBounds(10, strategy(0.75, 0.25))).toEqual({ minHealthy: 8, maxCapacity: 13 });
});

test('where nothing may lack and nothing may come on top, Marathon allows one more and Kubernetes one less', () => {
  expect(marathonBounds(10, 10, strategy(1, 0))).toEqual({ minHealthy: 10, maxCapacity: 11 });
  expect(kubernetesBounds(10, strategy(1, 0))).toEqual({ minHealthy: 9, maxCapacity: 10 });
});

test('10 healthy of 12 possible: 2 launched at once, none stopped; when they are healthy 2 stop', () => {
  const bounds = { minHealthy: 10, maxCapacity: 12 };
  expect(exchange(bounds, 10, 10, 10, 10)).toEqual({ launch: 2, stop: 0 });
  expect(exchange(bounds, 12, 12, 8, 10)).toEqual({ launch: 0, stop: 2 });
  expect(exchange(bounds, 12, 9, 0, 3)).toEqual({ launch: 0, stop: 0 });
});
