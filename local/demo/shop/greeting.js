/** The line above the shop window. */
export function greeting(name) {
  return 'Welcome to the ship, ' + name + '!';
}
