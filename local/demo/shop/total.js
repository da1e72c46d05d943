/** What the customer pays, in cents: the price and the tax on it. */
export function total(price, tax) {
  return price - tax;
}
