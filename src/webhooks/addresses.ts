/**
 * Which addresses a webhook may be sent to.
 *
 * A name is judged by what it resolves to, and the connection is made to the very address that was
 * judged: a name that resolves to something else a moment later gains nothing.
 */
import { lookup as resolve } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { LookupFunction } from 'node:net';

/** Networks that are not the public internet. */
const refused4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/** Those too that stand for an IPv4 address: what they reach is not to be seen. */
const refused6 = [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const;

// One list each: in a common one an IPv4 address would fall under the rule for mapped ones.
const list4 = new BlockList();
for (const [network, prefix] of refused4) list4.addSubnet(network, prefix, 'ipv4');
const list6 = new BlockList();
for (const [network, prefix] of refused6) list6.addSubnet(network, prefix, 'ipv6');

/** Whether an address belongs to the public internet. */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !list4.check(address, 'ipv4');
  return family === 6 && !list6.check(address.replace(/%.*$/, ''), 'ipv6');
}

export class AddressRefused extends Error {
  constructor(host: string) {
    super(`${host} is not an address of the public internet`);
  }
}

/** Resolves like the system, and refuses a name if any of its addresses is not public. */
export const publicLookup: LookupFunction = (host, options, callback) => {
  resolve(host, { ...options, all: true }, (error, found) => {
    const addresses = error === null ? found : [];
    const [first] = addresses;
    if (error !== null || first === undefined) {
      callback(error ?? new Error(`${host} has no address`), '', 0);
    } else if (!addresses.every(({ address }) => isPublic(address))) {
      callback(new AddressRefused(host), '', 0);
    } else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** The host of a URL, without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replaceAll(/^\[|\]$/g, '');
}
