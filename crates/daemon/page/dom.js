// A page is described by what it should be, and only what differs from what it is gets touched: so the focus, a selection
// and an open menu survive each look at the service. Text is only ever a text node: nothing that a job says can be markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element that should be. Properties: attributes; `on…`: handlers; `key`: which of its siblings it is; `ref`: called with
 * the element when it is made, whose children are then somebody else's; `value`, `checked`: set when it is made.
 */
export function h(tag, props, ...children) {
  const there = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  return { tag, props: props ?? {}, children: there };
}

/** Makes the children of an element those that are described. */
export function render(parent, ...wanted) {
  patchChildren(parent, h("", null, ...wanted).children);
}

function patchChildren(parent, wanted) {
  let next = parent.firstChild;
  for (const item of wanted) {
    const node = find(next, item) ?? create(parent, item);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
    patch(node, item);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

/** The node that is to become what is wanted: with a key, any that follows; else the next one. */
function find(next, item) {
  const key = item.props?.key;
  for (let node = next; node; node = node.nextSibling) {
    if (fits(node, item)) return node;
    if (key === undefined) return undefined;
  }
  return undefined;
}

function fits(node, item) {
  if (item.tag === undefined) return node.nodeType === Node.TEXT_NODE;
  return node.nodeType === Node.ELEMENT_NODE && node.localName === item.tag && node.ganger?.key === item.props.key;
}

function create(parent, item) {
  if (item.tag === undefined) return document.createTextNode(String(item));
  const svg = item.tag === "svg" || parent.namespaceURI === SVG;
  const node = svg ? document.createElementNS(SVG, item.tag) : document.createElement(item.tag);
  node.ganger = { key: item.props.key, set: new Set() };
  for (const name of ["value", "checked"]) if (name in item.props) node[name] = item.props[name];
  return node;
}

function patch(node, item) {
  if (item.tag === undefined) {
    if (node.data !== String(item)) node.data = String(item);
    return;
  }
  patchProps(node, item.props);
  const { ref } = item.props;
  if (!ref) patchChildren(node, item.children);
  else if (!node.ganger.ref) (node.ganger.ref = ref)(node);
  // A choice can be made only once its options are there.
  if (item.tag === "select" && !node.ganger.chosen && "value" in item.props) {
    node.value = item.props.value;
    node.ganger.chosen = true;
  }
}

function patchProps(node, props) {
  const set = new Set();
  for (const [name, value] of Object.entries(props)) {
    if (["key", "ref", "value", "checked"].includes(name)) continue;
    if (name.startsWith("on")) node[name] = value;
    else if (value !== false && value !== null && value !== undefined) {
      const text = value === true ? "" : String(value);
      if (node.getAttribute(name) !== text) node.setAttribute(name, text);
      set.add(name);
    }
  }
  for (const name of node.ganger?.set ?? []) if (!set.has(name)) node.removeAttribute(name);
  if (node.ganger) node.ganger.set = set;
}
