// SPDX-License-Identifier: LGPL-2.1-or-later
// A display for machines without one.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { LaunchError } from './console.mjs';
import { stop } from './processes.mjs';

/**
 * Start Xvfb on a free display number.
 * @returns {Promise<{ display: string, screenshot: (file: string) => void, stop: () => Promise<void> }>}
 */
export async function startXvfb(width = 1280, height = 860) {
  const folder = mkdtempSync(path.join(tmpdir(), 'treeline-xvfb-'));
  const args = ['-displayfd', '3', '-screen', '0', `${width}x${height}x24`, '-nolisten', 'tcp', '-fbdir', folder];
  // a process group of its own: Ctrl+C must not take the display away from under the window
  const child = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], detached: true });
  const number = await new Promise((resolve, reject) => {
    let text = '';
    child.once('error', (error) => reject(new LaunchError(`Xvfb can't be started: ${error.message}`)));
    child.once('exit', (code) => reject(new LaunchError(`Xvfb ended with ${code}`)));
    child.stdio[3].on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.trim());
    });
  });
  return {
    display: `:${number}`,
    screenshot: (file) => writePng(file, readFileSync(path.join(folder, 'Xvfb_screen0'))),
    async stop() {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Xvfb keeps its screen in a file of the XWD format (X11/XWDFile.h): a header of big-endian 32-bit words, colour map, then pixels. */
function writePng(file, xwd) {
  const word = (index) => xwd.readUInt32BE(index * 4);
  const [headerSize, width, height, bytesPerLine, colours] = [word(0), word(4), word(5), word(12), word(19)];
  const pixels = headerSize + colours * 12;
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    let to = y * (1 + width * 3) + 1;
    for (let x = 0, from = pixels + y * bytesPerLine; x < width; x++, from += 4) {
      // 32 bits a pixel, blue first
      rows[to++] = xwd[from + 2];
      rows[to++] = xwd[from + 1];
      rows[to++] = xwd[from];
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(8 + body.length);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), 4 + body.length);
    return out;
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const png = [signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  // whole at once: somebody may be looking at it
  writeFileSync(`${file}.new`, Buffer.concat(png));
  renameSync(`${file}.new`, file);
}

const crcTable = Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

/** zlib.crc32 came with Node 22.2. */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
