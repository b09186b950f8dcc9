/** A link longer than this is no link that a person could judge. */
const MAX_LINK = 2_048;

export type LinkVerdict =
  | { readonly ok: true; readonly url: string; readonly loopback: boolean }
  | { readonly ok: false; readonly reason: string };

/**
 * Whether a link may leave the app: `https:` anywhere, `http:` to this machine only (a service of ours), without
 * credentials. The address handed on is the parsed one, never the text as given.
 */
export function judgeLink(text: string): LinkVerdict {
  if (text.length > MAX_LINK) return refused(`it is longer than ${MAX_LINK} characters`);
  // Whitespace, control characters, backslashes and direction marks are read differently by different parsers and by eyes.
  if (/[\s\\\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u.test(text)) return refused("it holds characters that links do not have");
  if (!URL.canParse(text)) return refused("it is not a complete address");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return refused("it carries a name or a password");
  if (url.hostname === "") return refused("it names no host");
  const loopback = isLoopback(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && loopback)) return { ok: true, url: url.href, loopback };
  return refused(`only https links, and http links to this machine, are opened; this one is ${url.protocol}`);
}

function refused(reason: string): LinkVerdict {
  return { ok: false, reason };
}

/** The URL parser has brought every spelling of an IPv4 address (`0x7f.1`, `2130706433`) into dotted form by now. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
