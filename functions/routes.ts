/** Every route of the HTTP API and the function behind it; any other path is the API's own 404. */
export const routes = {
  'POST /webhooks/github': 'github',
  'GET /health': 'health',
} as const satisfies Record<`${'GET' | 'POST'} /${string}`, string>;

export type Route = keyof typeof routes;
