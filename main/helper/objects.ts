// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Variant } from '../../shared/dbus/index.ts';
import {
  iface,
  introspectionXml,
  objectManagerInterface,
  osExperimentalInterface,
  osInterface,
  osPath,
  rootPath,
  standardInterfaces,
  sysrootInterface,
  sysrootPath,
  treelineOsInterface,
  treelineSysrootInterface,
  type InterfaceSpec,
} from '../../shared/dbus/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { Dict } from './encode.ts';
import { osnames, type Properties } from './properties.ts';
import type { Reader } from './reader.ts';

/** One object on the bus, with the stateroot it stands for. */
export interface BusObject {
  readonly path: string;
  readonly osname?: string;
  readonly interfaces: readonly InterfaceSpec[];
}

const sysrootInterfaces = [sysrootInterface, treelineSysrootInterface];
const osInterfaces = [osInterface, osExperimentalInterface, treelineOsInterface];

/** The object tree: what is where, introspection, properties. Only objects of stateroots need the sysroot to be read. */
export class Objects {
  private readonly reader: Reader;
  private readonly properties: Properties;

  constructor(reader: Reader, properties: Properties) {
    this.reader = reader;
    this.properties = properties;
  }

  /** Undefined when there is nothing at the path. */
  async at(path: string): Promise<BusObject | undefined> {
    if (path === sysrootPath) return { path, interfaces: [...standardInterfaces, ...sysrootInterfaces] };
    if (path === rootPath) return { path, interfaces: [...standardInterfaces, objectManagerInterface] };
    if (rootPath.startsWith(path === '/' ? '/' : `${path}/`)) return { path, interfaces: standardInterfaces };
    if (!path.startsWith(`${rootPath}/`)) return undefined;
    const osname = osnames(await this.reader.state()).find((name) => osPath(name) === path);
    return osname === undefined ? undefined : { path, osname, interfaces: [...standardInterfaces, ...osInterfaces] };
  }

  async introspect(object: BusObject): Promise<string> {
    return introspectionXml(object.interfaces, await this.children(object.path));
  }

  private async children(path: string): Promise<string[]> {
    if (path === rootPath) {
      // a damaged sysroot must not hide the object that can say so
      const state = await this.reader.state().catch(() => undefined);
      return ['Sysroot', ...(state ? osnames(state) : []).map((name) => osPath(name).slice(rootPath.length + 1))];
    }
    const prefix = path === '/' ? '/' : `${path}/`;
    return rootPath.startsWith(prefix) ? rootPath.slice(prefix.length).split('/', 1) : [];
  }

  async getAll(object: BusObject, interfaceName: string): Promise<Dict> {
    const spec = object.interfaces.find((candidate) => candidate.name === interfaceName);
    if (!spec) throw new TreelineError('service.bad-argument', { subject: interfaceName, detail: 'no such interface here' });
    if (interfaceName === iface.sysroot) return this.properties.sysroot();
    if (interfaceName === iface.treelineSysroot) return this.properties.treelineSysroot();
    if (object.osname !== undefined && interfaceName === iface.os) return this.properties.os(object.osname);
    if (object.osname !== undefined && interfaceName === iface.treelineOs) return this.properties.treelineOs(object.osname);
    return {};
  }

  async get(object: BusObject, interfaceName: string, property: string): Promise<Variant> {
    const cheap: Dict = { ...this.properties.active(), ...this.properties.cheapTreelineSysroot() };
    const spec = object.interfaces.find((candidate) => candidate.name === interfaceName);
    const known = spec !== undefined && Object.hasOwn(spec.properties, property);
    const value = known ? (cheap[property] ?? (await this.getAll(object, interfaceName))[property]) : undefined;
    if (value) return value;
    throw new TreelineError('service.bad-argument', { subject: `${interfaceName}.${property}`, detail: 'no such property' });
  }

  /** a{oa{sa{sv}}} of the object manager. */
  async managed(): Promise<Record<string, Record<string, Dict>>> {
    const objects: Record<string, Record<string, Dict>> = {};
    for (const [path, interfaces] of await this.properties.tree()) objects[path] = Object.fromEntries(interfaces);
    return objects;
  }
}
