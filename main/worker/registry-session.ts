// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import type { RegistryAnswer, RegistryRequest } from '../engine/images/registry/calls.ts';
import { RegistryClient } from '../engine/images/registry/client.ts';
import { fetchLayers } from '../engine/images/registry/fetch-layers.ts';
import { handedOver } from '../engine/images/registry/handed-settings.ts';
import type { FetchEvent } from './fetch-session.ts';

let open: { readonly settings: string; readonly client: RegistryClient } | undefined;

/** One client as long as the settings are the same: its connections and logins serve further questions. */
async function clientFor(settings: RegistryRequest['settings']): Promise<RegistryClient> {
  const text = JSON.stringify(settings);
  if (open?.settings === text) return open.client;
  await open?.client.close();
  open = { settings: text, client: new RegistryClient(handedOver(settings)) };
  return open.client;
}

/** A line of progress for each so many bytes: they come in small pieces. */
const tellEveryBytes = 64 << 10;

/** In the process without privileges. Throws registry.*. */
export async function answerCall({ settings, call }: RegistryRequest, emit: (event: FetchEvent) => void): Promise<RegistryAnswer> {
  const client = await clientFor(settings);
  switch (call.kind) {
    case 'manifest': {
      const { digest, bytes, index } = await client.manifest(call.image);
      return { digest, bytes: bytes.toString('base64'), ...(index ? { index: index.toString('base64') } : {}) };
    }
    case 'blob':
      return { bytes: (await client.blob(call.image, call.blob, call.limitBytes)).toString('base64') };
    case 'referrers':
      return { descriptors: await client.referrers(call.image, call.digest, call.artifactType) };
    case 'layers': {
      const { directory, layers, image } = call;
      const nameOf = (digest: string): string => digest.replace('sha256:', '');
      const wanted = new Set(layers.map(({ digest }) => nameOf(digest)));
      for (const name of readdirSync(directory)) if (!wanted.has(name)) unlinkSync(path.join(directory, name));
      let told = 0;
      await fetchLayers(
        client,
        image,
        layers,
        (digest) => path.join(directory, nameOf(digest)),
        (bytesDone, bytesTotal) => {
          if (bytesDone < bytesTotal && bytesDone - told < tellEveryBytes) return;
          told = bytesDone;
          const fraction = bytesTotal === 0 ? 1 : bytesDone / bytesTotal;
          emit({ type: 'progress', progress: { step: 'fetch', stepIndex: 0, stepCount: 1, fraction, bytesDone, bytesTotal } });
        },
      );
      return {};
    }
  }
}
