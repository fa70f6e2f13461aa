/** Version of all parts of Treeline; the same as in package.json (a test compares). */
export const treelineVersion = '0.1.0';
