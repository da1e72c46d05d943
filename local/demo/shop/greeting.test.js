import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greeting } from './greeting.js';

test('greets a customer by name', () => {
  const expected = 'Welcome to the shop, customer!';
  const actual = greeting('customer');
  assert.equal(actual, expected, `greeting('customer') should be '${expected}', got '${actual}'`);
});
