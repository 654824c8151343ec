// Opus from a WebM file into an Ogg file: the same packets in another frame, nothing is encoded anew.
const SAMPLES = 48000;
const PRE_SKIP_AT = 10;
const MASTERS = new Set([0x18538067, 0x1f43b675, 0x1654ae6b, 0xae, 0xa0]);
const CODEC_PRIVATE = 0x63a2;
const SIMPLE_BLOCK = 0xa3;
const BLOCK = 0xa1;
const PACKETS_A_PAGE = 50;

export function oggOf(webm) {
  const { head, packets } = opusOf(webm);
  const serial = crypto.getRandomValues(new Uint32Array(1))[0];
  const pages = [page(serial, 0, 0n, 2, [head ?? defaultHead()]), page(serial, 1, 0n, 0, [tags()])];
  let position = BigInt(new DataView((head ?? defaultHead()).buffer.slice(0)).getUint16(PRE_SKIP_AT, true));
  for (let at = 0; at < packets.length; at += PACKETS_A_PAGE) {
    const some = packets.slice(at, at + PACKETS_A_PAGE);
    position += some.reduce((sum, packet) => sum + BigInt(samplesIn(packet)), 0n);
    const isLast = at + PACKETS_A_PAGE >= packets.length;
    pages.push(...pagesOf(serial, pages.length, position, isLast ? 4 : 0, some));
  }
  return joined(pages);
}

// Walks the elements of the file; masters are entered, everything else is skipped or taken.
function opusOf(data) {
  const found = { head: null, packets: [] };
  let at = 0;
  while (at < data.length) {
    const id = number(data, at, true);
    const size = number(data, at + id.length, false);
    if (!id.length || !size.length) break;
    at += id.length + size.length;
    if (MASTERS.has(id.value)) continue;
    const end = Math.min(data.length, at + size.value);
    if (id.value === CODEC_PRIVATE) found.head = data.slice(at, end);
    // A block's track number takes one byte here, its time two and its flags one.
    else if (id.value === SIMPLE_BLOCK || id.value === BLOCK) found.packets.push(data.slice(at + 4, end));
    at = end;
  }
  return found;
}

// A number of the format: its first set bit says how many bytes it has. Ids keep that bit.
function number(data, at, keepsMarker) {
  const first = data[at];
  if (!first) return { length: 0, value: 0 };
  const length = Math.clz32(first) - 23;
  let value = keepsMarker ? first : first & (0xff >> length);
  for (let next = 1; next < length; next += 1) value = value * 256 + (data[at + next] ?? 0);
  return { length, value };
}

// By the packet's first byte (RFC 6716, 3.1).
function samplesIn(packet) {
  const config = packet[0] >> 3;
  const code = packet[0] & 3;
  let length = [480, 960, 1920, 2880][config & 3];
  if (config >= 16) length = [120, 240, 480, 960][config & 3];
  else if (config >= 12) length = [480, 960][config & 1];
  const frames = code === 0 ? 1 : code < 3 ? 2 : packet[1] & 63;
  return length * frames;
}

// A page has at most 255 lacing values; a packet takes one for each 255 bytes and one more.
function pagesOf(serial, sequence, position, flags, packets) {
  const lacing = packets.reduce((sum, packet) => sum + Math.floor(packet.length / 255) + 1, 0);
  if (lacing <= 255) return [page(serial, sequence, position, flags, packets)];
  const half = Math.ceil(packets.length / 2);
  const later = packets.slice(half);
  const between = position - later.reduce((sum, packet) => sum + BigInt(samplesIn(packet)), 0n);
  const first = pagesOf(serial, sequence, between, 0, packets.slice(0, half));
  return [...first, ...pagesOf(serial, sequence + first.length, position, flags, later)];
}

function page(serial, sequence, position, flags, packets) {
  const lacing = packets.flatMap((packet) => [...Array(Math.floor(packet.length / 255)).fill(255), packet.length % 255]);
  const header = new Uint8Array(27 + lacing.length);
  const view = new DataView(header.buffer);
  header.set([0x4f, 0x67, 0x67, 0x53, 0, flags]);
  view.setBigUint64(6, position, true);
  view.setUint32(14, serial, true);
  view.setUint32(18, sequence, true);
  header[26] = lacing.length;
  header.set(lacing, 27);
  const made = joined([header, ...packets]);
  new DataView(made.buffer).setUint32(22, sumOf(made), true);
  return made;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

function sumOf(data) {
  let sum = 0;
  for (const byte of data) sum = (sum << 8) ^ TABLE[((sum >>> 24) ^ byte) & 0xff];
  return sum >>> 0;
}

function defaultHead() {
  const head = new Uint8Array(19);
  head.set(new TextEncoder().encode("OpusHead"));
  head.set([1, 1], 8);
  new DataView(head.buffer).setUint32(12, SAMPLES, true);
  return head;
}

function tags() {
  const made = new Uint8Array(16);
  made.set(new TextEncoder().encode("OpusTags"));
  return made;
}

function joined(parts) {
  const made = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}
