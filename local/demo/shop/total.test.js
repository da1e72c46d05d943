import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from './total.js';

const cases = [
  { price: 100, tax: 20, expected: 120 },
  { price: 250, tax: 50, expected: 300 },
  { price: 999, tax: 0, expected: 999 },
];

for (const { price, tax, expected } of cases) {
  test(`total(${price}, ${tax}) is ${expected}`, () => {
    const actual = total(price, tax);
    assert.equal(actual, expected, `total(${price}, ${tax}) should be ${expected}, got ${actual}`);
  });
}
