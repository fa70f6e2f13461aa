// SPDX-License-Identifier: LGPL-2.1-or-later
import { iface } from './names.ts';
import { args, read, type InterfaceSpec } from './table.ts';

/** Writing is never allowed, so it isn't a permission but a refusal (answered by the dispatcher itself). */
const refused = { ...read('s interface_name, s property_name, v value', ''), reads: false };

/** The standard interfaces every object has; argument names as GLib's own introspection gives them. */
export const standardInterfaces = [
  {
    name: iface.properties,
    methods: {
      Get: read('s interface_name, s property_name', 'v value'),
      GetAll: read('s interface_name', 'a{sv} properties'),
      Set: refused,
    },
    properties: {},
    signals: { PropertiesChanged: args('s interface_name, a{sv} changed_properties, as invalidated_properties') },
  },
  { name: iface.introspectable, methods: { Introspect: read('', 's xml_data') }, properties: {}, signals: {} },
  {
    name: iface.peer,
    methods: { Ping: read('', ''), GetMachineId: read('', 's machine_uuid') },
    properties: {},
    signals: {},
  },
] as const satisfies readonly InterfaceSpec[];

export const objectManagerInterface = {
  name: iface.objectManager,
  methods: { GetManagedObjects: read('', 'a{oa{sa{sv}}} object_paths_interfaces_and_properties') },
  properties: {},
  signals: {
    InterfacesAdded: args('o object_path, a{sa{sv}} interfaces_and_properties'),
    InterfacesRemoved: args('o object_path, as interfaces'),
  },
} as const satisfies InterfaceSpec;
