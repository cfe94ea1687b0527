// A token with one bit turned over: in the bytes that it stands for, or in its characters.

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Every such token, `dots` being what separates the parts that are encoded on their own. */
export function* everyBit(token, dots = ".") {
  for (const [index, part] of token.split(dots).entries()) {
    const bytes = Buffer.from(part, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] ^= 1 << (bit & 7);
      yield withPart(token, dots, index, changed.toString("base64url"));
    }
  }
}

/** One bit of each byte, another one from byte to byte. */
export function* oneBitOfEveryByte(token, dots = ".") {
  let at = 0;
  for (const changed of everyBit(token, dots)) {
    const [byte, bit] = [at >> 3, at & 7];
    if (bit === byte % 8) yield changed;
    at += 1;
  }
}

/** Other spellings that a lax decoder reads as the same bytes: the unused bits of the last character of a part. */
export function* otherSpellings(token, dots = ".") {
  for (const [index, part] of token.split(dots).entries()) {
    const value = BASE64URL.indexOf(part.at(-1));
    for (let other = 0; other < 64; other += 1) {
      const changed = part.slice(0, -1) + BASE64URL[other];
      const isSame = Buffer.from(changed, "base64url").equals(Buffer.from(part, "base64url"));
      if (other !== value && isSame) yield withPart(token, dots, index, changed);
    }
    yield withPart(token, dots, index, `${part}=`);
    yield withPart(token, dots, index, `${part}==`);
  }
}

function withPart(token, dots, index, part) {
  const parts = token.split(dots);
  parts[index] = part;
  return parts.join(dots);
}
