type MapText = (text: string) => string;

/**
 * The value with every text in it mapped, keys too. What nothing changed in is the same object as before, so what is no
 * plain data (signals, buffers, functions) passes through.
 */
export const mapTexts = <T>(value: T, map: MapText): T =>
  // texts stay texts, and objects keep all keys that were not mapped
  mapWithin(value, { map, above: new Set() }) as T;

/** `above`: the objects that hold this one, for those that hold themselves. */
type Walk = { map: MapText; above: ReadonlySet<object> };

const mapWithin = (value: unknown, walk: Walk): unknown => {
  if (typeof value === 'string') return walk.map(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (walk.above.has(value)) return '[circular]';
  const below = { ...walk, above: new Set(walk.above).add(value) };
  if (value instanceof URL) return mappedUrl(value, walk.map);
  if (value instanceof Error) return mappedError(value, below);
  if (Array.isArray(value)) return mappedList(value, below);
  return mappedObject(value, below);
};

const mappedUrl = (url: URL, map: MapText): unknown => {
  const text = map(url.href);
  return text === url.href ? url : text;
};

const mappedList = (list: readonly unknown[], walk: Walk): readonly unknown[] => {
  const mapped = list.map((item) => mapWithin(item, walk));
  return mapped.every((item, index) => item === list[index]) ? list : mapped;
};

const mappedObject = (value: object, walk: Walk): object => {
  const entries = Object.entries(value);
  const mapped = entries.map(([key, item]) => [walk.map(key), mapWithin(item, walk)] as const);
  const isSame = mapped.every(
    ([key, item], index) => key === entries[index]?.[0] && item === entries[index]?.[1],
  );
  return isSame ? value : Object.fromEntries(mapped);
};

/** Its message, stack, cause and whatever else hangs on it; the class stays. */
const mappedError = (error: Error, walk: Walk): Error => {
  const properties = Object.getOwnPropertyDescriptors(error) as Record<string, PropertyDescriptor>;
  let isSame = true;
  for (const [key, property] of Object.entries(properties)) {
    const before: unknown = Reflect.get(error, key); // the stack may be behind a getter
    const after = mapWithin(before, walk);
    if (after === before) continue;
    isSame = false;
    properties[key] = {
      value: after,
      enumerable: property.enumerable ?? false,
      configurable: true,
      writable: true,
    };
  }
  // made from the error's own prototype
  return isSame ? error : (Object.create(Object.getPrototypeOf(error), properties) as Error);
};
