#!/usr/bin/env node
process.stdout.write('treeline\n');
