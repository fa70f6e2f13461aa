export { composeTree, type ComposePorts } from './compose.ts';
export { importAll, type ImportBatch, type Importer } from './import-packages.ts';
