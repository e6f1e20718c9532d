const MAX_TEXT = 1024;

/** Text of a registry, fit for a terminal: control characters escaped, at most 1 KiB. */
export function safeText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, char => {
    const code = char.codePointAt(0) ?? 0;
    return char === '\n' || char === '\t' ? ' ' : `\\u{${code.toString(16)}}`;
  });
}

/** A URL fit for messages: without user, password, query and fragment, which may carry tokens. */
export function redactUrl(url: URL | string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return safeText(`${protocol}//${host}${pathname}`);
  } catch {
    return '(malformed URL)';
  }
}
