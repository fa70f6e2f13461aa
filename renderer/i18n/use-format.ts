// SPDX-License-Identifier: LGPL-2.1-or-later
import { createContext, useContext } from 'react';
import { createFormatter, type Formatter } from './format.ts';

export const FormatContext = createContext<Formatter>(createFormatter('en'));

export function useFormat(): Formatter {
  return useContext(FormatContext);
}
