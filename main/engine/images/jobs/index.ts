// SPDX-License-Identifier: LGPL-2.1-or-later
export { parseRegistryImage, registryImageText } from '../image-names.ts';
export { pullImage } from './pull.ts';
export { previewImage } from '../preview/index.ts';
export { publishedVersions } from './versions.ts';
export { trustedImage, withTrust, type TrustParams } from './trusted.ts';
export { openRegistry } from './open-registry.ts';
export { followedImage, storedImage } from './stored-image.ts';
