import { describe, expect, it } from '@jest/globals';
import { isOrigin, isStrongSecret } from '../../src/config/environment/rules.js';

describe('an origin that may call', () => {
  it.each([
    '*',
    'https://app.example',
    'https://*.example.com',
    'http://*.localhost:5173',
    'app://obsidian.md',
    'capacitor://localhost',
    'tauri://localhost',
    'file://',
    'vscode-webview://0abc1def',
    'chrome-extension://mooikfkahbdckldjjndioackbalphokd',
  ])('may be %s', (origin) => {
    expect(isOrigin(origin)).toBe(true);
  });

  // What no browser ever sends would be a setting that does nothing.
  it.each([
    'https://app.*.example',
    'https://*',
    'https://*:8443',
    '*.example.com',
    'https://app.example/',
    'https://App.example',
    'https://app.example:443',
    'app://obsidian.md/path',
    'https://user@app.example',
    'null',
  ])('is not %s', (origin) => {
    expect(isOrigin(origin)).toBe(false);
  });
});

describe('an admin token', () => {
  it.each([
    ['changeme', false],
    ['admin-token-123', false],
    ['1212121212121212121212', false],
    ['two words of some length', false],
    ['b1946ac92492d234', true],
    ['correct-horse-battery-staple', true],
  ])('%s: hard enough to guess: %s', (token, expected) => {
    expect(isStrongSecret(token)).toBe(expected);
  });
});
