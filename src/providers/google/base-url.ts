/** A version in the path, such as `/v1beta`; the addresses of proxies and of Vertex AI have more behind it. */
const VERSION = /\/v\d+(?:(?:alpha|beta)\d*)?(?:\/|$)/;
/** Where the service serves OpenAI's chat wire. */
const COMPATIBLE = /\/openai$/;

/** The base of all paths: a provider may be given with the version or without it, or as the compatible endpoint. */
export function geminiBaseUrl(baseUrl: string): string {
  const plain = baseUrl.replace(COMPATIBLE, '');
  return VERSION.test(new URL(plain).pathname) ? plain : `${plain}/v1beta`;
}

/** The path of a model below the base; a name with slashes is the path itself (`tunedModels/mine`). */
export function modelPath(upstreamModel: string): string {
  const segments = upstreamModel.split('/');
  // Clients choose names that are passed through, and no name may lead out of the base.
  const isPath = segments.length > 1 && segments.every((segment) => !/^\.{0,2}$/.test(segment));
  return isPath
    ? `/${segments.map(encodeURIComponent).join('/')}`
    : `/models/${encodeURIComponent(upstreamModel)}`;
}
