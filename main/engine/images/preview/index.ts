// SPDX-License-Identifier: LGPL-2.1-or-later
export type { BootedImage } from './booted.ts';
export { imageFacts, type ImageFacts, type LayerFacts } from './facts.ts';
export { previewImage, type ImagePreview, type PreviewOptions } from './preview.ts';
