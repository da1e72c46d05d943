// What GitHub answers: documented shapes as types, errors as its own JSON, pages with Link headers.
import type { Octokit } from '@octokit/core';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

declare const request: Octokit['request'];
/** The documented body of a route, from GitHub's OpenAPI description: a shape that lacks a documented field does not compile. */
export type Answer<Route extends string> = Awaited<ReturnType<typeof request<Route>>>['data'];

type Sent = { status?: number; headers?: Record<string, string> };

export const send = (body: unknown, { status = 200, headers = {} }: Sent = {}): Response =>
  new Response(body === undefined ? null : toJson(body), {
    status,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      ...headers,
    },
  });

/** Ids beyond 2^53 leave as the exact numbers they are. */
export const toJson = (body: unknown): string =>
  JSON.stringify(body, (_key, value: unknown) =>
    typeof value === 'bigint' ? rawJson(value.toString()) : value,
  );

// in V8 since Node 22, not yet in TypeScript's library
const rawJson = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON;

const documentation = 'https://docs.github.com/rest';

/** https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api */
export const refusal = (status: ContentfulStatusCode, message: string, errors?: unknown[]): HTTPException =>
  new HTTPException(status, {
    message,
    res: send(
      { message, ...(errors ? { errors } : {}), documentation_url: documentation, status: String(status) },
      { status },
    ),
  });

export const notFound = () => refusal(404, 'Not Found');

export const validationFailed = (...errors: unknown[]) => refusal(422, 'Validation Failed', errors);

/** https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api */
export const sendPage = <T>(url: URL, all: readonly T[], toShape: (item: T) => unknown): Response => {
  const size = pageSize(url);
  const page = Math.max(1, wholeNumber(url.searchParams.get('page')) ?? 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const links = [
    ...(page > 1 ? [pageLink(url, page - 1, 'prev')] : []),
    ...(page < last ? [pageLink(url, page + 1, 'next'), pageLink(url, last, 'last')] : []),
    ...(page > 1 ? [pageLink(url, 1, 'first')] : []),
  ];
  const shown = all.slice((page - 1) * size, page * size).map((item) => toShape(item));
  return send(shown, links.length > 0 ? { headers: { link: links.join(', ') } } : {});
};

export const pageSize = (url: URL): number =>
  Math.min(100, Math.max(1, wholeNumber(url.searchParams.get('per_page')) ?? 30));

const pageLink = (url: URL, page: number, rel: string): string => {
  const target = new URL(url);
  target.searchParams.set('page', String(page));
  return `<${target}>; rel="${rel}"`;
};

const wholeNumber = (text: string | null | undefined): number | undefined =>
  text && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
