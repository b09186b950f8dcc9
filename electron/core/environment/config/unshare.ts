/** Gives an entry of a YAML file words of its own, where it shares some with others by anchors and aliases. */
import { isAlias, isNode, isPair, visit, type Document, type Node, type YAMLMap } from "yaml";
import { keyOf } from "../detect/yaml-values.ts";

/**
 * What is changed in the entry from now on is changed nowhere else: whoever repeats a part of it gets a copy, and so does it of
 * what it repeats. `<<: *common` stays, since what the entry says itself goes before it.
 */
export function unshare(document: Document, entry: YAMLMap): void {
  const own = new Map<string, Node>();
  const inside = new Set<Node>();
  visit(entry, {
    Node(_key, node) {
      if (isAlias(node)) inside.add(node);
      else if (typeof node.anchor === "string") own.set(node.anchor, node);
    },
  });
  if (own.size === 0 && inside.size === 0) return;
  visit(document, {
    Alias(_key, node, ancestors) {
      const target = node.resolve(document);
      if (target === undefined) return undefined;
      const isOwn = own.get(node.source) === target;
      const isMerged = keyOf(ancestors.findLast(isPair)?.key) === "<<";
      return isOwn || (inside.has(node) && !isMerged) ? copyOf(target) : undefined;
    },
  });
  for (const node of own.values()) if (!isAlias(node)) delete node.anchor;
}

/** Without anchors: each stands once in a file. */
function copyOf(node: Node): Node {
  const copy: unknown = node.clone();
  if (!isNode(copy)) throw new Error("A YAML node has a copy that is none.");
  visit(copy, {
    Node(_key, each) {
      if (!isAlias(each)) delete each.anchor;
    },
  });
  return copy;
}
