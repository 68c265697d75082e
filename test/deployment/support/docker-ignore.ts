/**
 * Whether a .dockerignore keeps a path out of the build. Plain paths, `*` and `!` only; the last line that matches
 * decides, and a line speaks for everything below its path.
 */
export function isIgnored(dockerIgnore: string, path: string): boolean {
  const lines = dockerIgnore
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.reduce((ignored, line) => {
    const kept = line.startsWith('!');
    const pattern = kept ? line.slice(1) : line;
    const matches = pattern === '*' || path === pattern || path.startsWith(`${pattern}/`);
    return matches ? !kept : ignored;
  }, false);
}
