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
  const segments = upstreamModel.split('/').map(encodeURIComponent).join('/');
  return upstreamModel.includes('/') ? `/${segments}` : `/models/${segments}`;
}
