// SPDX-License-Identifier: LGPL-2.1-or-later
import { wireType, type ArgSpec, type InterfaceSpec } from './table.ts';

const docType =
  '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n' +
  ' "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">\n';

/** The answer to Introspect. Names come from the tables and from escaped object paths: nothing in them needs XML escaping. */
export function introspectionXml(interfaces: readonly InterfaceSpec[], children: readonly string[]): string {
  return [`${docType}<node>`, ...interfaces.flatMap(interfaceXml), ...children.map((name) => `  <node name="${name}"/>`), '</node>\n'].join(
    '\n',
  );
}

function interfaceXml(spec: InterfaceSpec): string[] {
  return [
    `  <interface name="${spec.name}">`,
    ...Object.entries(spec.methods).flatMap(([name, method]) =>
      element('method', name, [...method.in.map((arg) => argXml(arg, 'in')), ...method.out.map((arg) => argXml(arg, 'out'))]),
    ),
    ...Object.entries(spec.signals).flatMap(([name, list]) =>
      element(
        'signal',
        name,
        list.map((arg) => argXml(arg)),
      ),
    ),
    ...Object.entries(spec.properties).map(([name, type]) => `    <property type="${wireType(type).type}" name="${name}" access="read"/>`),
    '  </interface>',
  ];
}

function element(tag: string, name: string, children: readonly string[]): string[] {
  if (children.length === 0) return [`    <${tag} name="${name}"/>`];
  return [`    <${tag} name="${name}">`, ...children, `    </${tag}>`];
}

function argXml(arg: ArgSpec, direction?: 'in' | 'out'): string {
  return `      <arg type="${arg.type}" name="${arg.name}"${direction ? ` direction="${direction}"` : ''}/>`;
}
