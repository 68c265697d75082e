import type { JsonObject, JsonValue } from '../../base/json.js';

/** The fields of an object that have no name in a prompt; undefined when there are none, which is the usual case. */
export function extraOf(object: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  let rest: [string, JsonValue | undefined][] | undefined;
  for (const name in object) {
    if (!known.has(name)) (rest ??= []).push([name, object[name]]);
  }
  return rest && Object.fromEntries(rest);
}

/** The same for `{type: 'x', x: {…}}`; inner fields stay under the name of the type. */
export function wrappedExtra(
  object: JsonObject,
  type: string,
  known: { readonly outside: ReadonlySet<string>; readonly inside: ReadonlySet<string> },
): JsonObject | undefined {
  const outside = extraOf(object, known.outside);
  const inside = extraOf(object[type] as JsonObject, known.inside);
  return inside ? { ...outside, [type]: inside } : outside;
}

/** `{type: 'x', x: {…}}` with its extra fields. */
export function wrapped(type: string, inner: JsonObject, extra?: JsonObject): JsonObject {
  if (!extra) return { type, [type]: inner };
  const { [type]: inside, ...outside } = extra;
  return { type, [type]: { ...inner, ...(inside as JsonObject | undefined) }, ...outside };
}
