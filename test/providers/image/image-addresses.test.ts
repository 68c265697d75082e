import { describe, expect, it } from '@jest/globals';
import { ImageFixture } from './image-fixture.js';
import { redirect } from './image-host.js';

const images = new ImageFixture();

describe('a name that leads to', () => {
  it.each([
    '10.0.0.1',
    '172.16.5.4',
    '192.168.0.1',
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '100.64.0.1',
    '168.63.129.16',
    '224.0.0.251',
    '240.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fd00:ec2::254',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
  ])('%s is refused and not connected to', async (address) => {
    images.names.set('inside.test', [address]);
    expect(await images.refusalOf(images.at('/', 'inside.test'), { allow: [] })).toContain(
      'must be at a public address',
    );
    images.names.set('inside.test', ['8.8.8.8', address]);
    expect(await images.refusalOf(images.at('/', 'inside.test'), { allow: [] })).toContain(
      'must be at a public address',
    );
    expect(images.host.connections).toBe(0);
  });

  it('a name server that is silent is refused in time', async () => {
    images.names.set('silent.test');
    expect(await images.refusalOf(images.at('/', 'silent.test'), { timeoutMs: 300 })).toContain(
      'took longer',
    );
  });

  it('nothing is refused', async () => {
    expect(await images.refusalOf(images.at('/', 'nowhere.test'))).toContain('could not be fetched');
  });
});

describe('an address in the URL is refused, however it is written:', () => {
  it.each([
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '１２７.0.0.1',
    '169.254.169.254',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    '[fd00::1]',
    '[fe80::1]',
  ])('%s', async (literal) => {
    expect(await images.refusalOf(images.at('/', literal), { allow: [] })).toContain(
      'must be at a public address',
    );
    expect(images.host.connections).toBe(0);
  });

  it('localhost is a name like any other', async () => {
    images.names.set('localhost', ['127.0.0.1']);
    await images.refusalOf(images.at('/', 'localhost'), { allow: [] });
    expect(images.host.connections).toBe(0);
  });
});

describe('a name that changes its mind', () => {
  it('is asked for once, and the connection goes where it led then', async () => {
    images.names.set('images.test', ['127.0.0.1'], ['127.0.0.77']);
    const before = images.names.asked.length;
    await images.fetch(images.at('/'));
    expect(images.names.asked.slice(before)).toEqual(['images.test', 'images.test']);
    expect(images.host.requests).toHaveLength(1);
  });

  it('is checked again after a redirect', async () => {
    images.names.set('images.test', ['127.0.0.1'], ['10.0.0.1']);
    images.host.serve = redirect('/again');
    expect(await images.refusalOf(images.at('/'))).toContain('must be at a public address');
    expect(images.host.requests).toHaveLength(1);
  });
});

describe('a redirect is refused', () => {
  it.each([
    ['to plain http', () => `http://images.test:${images.host.port}/`, 'anything but https'],
    ['to a file', () => 'file:///etc/passwd', 'anything but https'],
    ['with a password', () => `https://a:b@images.test:${images.host.port}/`, 'anything but https'],
    ['to what is no address', () => 'https://', 'anything but https'],
    ['to a private address', () => 'https://10.0.0.1/', 'public address'],
    ['to a metadata service', () => 'https://169.254.169.254/latest/meta-data/', 'public address'],
    ['to a name inside', () => 'https://inside.test/', 'public address'],
  ])('%s', async (_what, location, problem) => {
    images.names.set('inside.test', ['192.168.1.1']);
    images.host.serve = redirect(location());
    expect(await images.refusalOf(images.at('/'))).toContain(problem);
    expect(images.host.requests).toHaveLength(1);
  });

  it('when there are more than three', async () => {
    images.host.serve = redirect('/again');
    expect(await images.refusalOf(images.at('/'))).toContain('more than three times');
    expect(images.host.requests).toHaveLength(4);
  });
});
