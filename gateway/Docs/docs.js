// Shows the OpenAPI document of this installation, and tries its calls. Text from the document only ever becomes text
// nodes, never markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Makes an element; strings among the children become text. */
function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === true) node.setAttribute(name, "");
        else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
    }
    node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== ""));
    return node;
}

/** What a `$ref` within the document stands for, or the value itself. */
function resolve(api, value) {
    const seen = new Set();
    while (value && value.$ref && !seen.has(value.$ref)) {
        seen.add(value.$ref);
        value = value.$ref.replace(/^#\//, "").split("/")
            .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"))
            .reduce((node, key) => (node ? node[key] : undefined), api);
    }
    return value ?? {};
}

// MARK: Schemas

/** A short name of a schema's type. */
function typeName(api, schema) {
    const reference = schema?.$ref?.split("/").pop();
    const value = resolve(api, schema);
    if (reference) return reference;
    if (value.enum) return value.enum.map((item) => JSON.stringify(item)).join(" | ");
    if (value.const !== undefined) return JSON.stringify(value.const);
    const alternatives = value.oneOf ?? value.anyOf;
    if (alternatives) return alternatives.map((item) => typeName(api, item)).join(" | ");
    const type = Array.isArray(value.type) ? value.type.join(" | ") : value.type ?? "any";
    if (value.items) return `array of ${typeName(api, value.items)}`;
    return value.format ? `${type} (${value.format})` : type;
}

/** All members of an object schema, those it is composed of included. */
function members(api, schema) {
    const value = resolve(api, schema);
    const all = { properties: { ...value.properties }, required: new Set(value.required ?? []) };
    for (const part of value.allOf ?? []) {
        const inherited = members(api, part);
        Object.assign(all.properties, inherited.properties);
        inherited.required.forEach((name) => all.required.add(name));
    }
    return all;
}

/** A schema as a nested list, as deep as a person reads. */
function schemaList(api, schema, depth = 0) {
    let value = resolve(api, schema);
    while (value.items) value = resolve(api, value.items);
    const { properties, required } = members(api, value);
    const names = Object.keys(properties);
    if (names.length === 0 || depth > 4) return null;
    return element("ul", { class: "schema" }, names.map((name) => {
        const property = properties[name];
        return element("li", {},
            element("code", {}, name), " ", element("span", { class: "type" }, typeName(api, property)), " ",
            required.has(name) ? element("span", { class: "required" }, "required ") : null,
            element("span", { class: "note" }, resolve(api, property).description ?? ""),
            schemaList(api, property, depth + 1));
    }));
}

/** A value that fits a schema, to start a try with. */
function example(api, schema, depth = 0) {
    const value = resolve(api, schema);
    if (value.example !== undefined) return value.example;
    if (value.examples?.length) return value.examples[0];
    if (value.default !== undefined) return value.default;
    if (value.const !== undefined) return value.const;
    if (value.enum) return value.enum[0];
    const alternatives = value.oneOf ?? value.anyOf;
    if (alternatives) return example(api, alternatives[0], depth);
    const type = Array.isArray(value.type) ? value.type[0] : value.type;
    if (type === "array") return depth > 4 ? [] : [example(api, value.items ?? {}, depth + 1)];
    if (type === "integer" || type === "number") return value.minimum ?? 0;
    if (type === "boolean") return false;
    if (type === "string") return value.format === "date-time" ? new Date().toISOString() : "";
    const { properties, required } = members(api, value);
    if (depth > 4) return {};
    const names = Object.keys(properties).filter((name) => required.size === 0 || required.has(name));
    return Object.fromEntries(names.map((name) => [name, example(api, properties[name], depth + 1)]));
}

// MARK: One operation

function parameterTable(api, parameters) {
    if (parameters.length === 0) return null;
    const rows = parameters.map((parameter) => element("tr", {},
        element("td", {}, element("code", {}, parameter.name),
            parameter.required ? element("span", { class: "required" }, " required") : null),
        element("td", {}, parameter.in),
        element("td", {}, element("span", { class: "type" }, typeName(api, parameter.schema ?? {}))),
        element("td", {}, parameter.description ?? "")));
    const head = ["Name", "In", "Type", "Meaning"].map((title) => element("th", { scope: "col" }, title));
    return [
        element("h3", {}, "Parameters"),
        element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows)),
    ];
}

function contentList(api, content) {
    return Object.entries(content ?? {}).map(([type, media]) => element("div", {},
        element("code", {}, type), " ", element("span", { class: "type" }, typeName(api, media.schema ?? {})),
        schemaList(api, media.schema ?? {})));
}

function responseList(api, responses) {
    return Object.entries(responses ?? {}).map(([status, reference]) => {
        const response = resolve(api, reference);
        return element("details", {},
            element("summary", {}, element("code", {}, status), " ", response.description ?? ""),
            contentList(api, response.content));
    });
}

/** The form that sends a request. */
function tryForm(api, method, path, parameters, body) {
    const inputs = parameters.map((parameter) => {
        const input = element("input", { required: parameter.in === "path", placeholder: typeName(api, parameter.schema ?? {}) });
        return { parameter, input };
    });
    const [type, media] = Object.entries(body?.content ?? {})[0] ?? [];
    const area = type ? element("textarea", { spellcheck: "false", "aria-label": "Body" }) : null;
    if (area) {
        const value = media.example ?? example(api, media.schema ?? {});
        area.value = typeof value === "string" ? value : JSON.stringify(value, null, 2);
    }
    const button = element("button", { type: "submit" }, "Send");
    const output = element("div", { "aria-live": "polite" });
    const fields = inputs.map(({ parameter, input }) =>
        element("label", { class: "field" }, element("span", {}, `${parameter.name} (${parameter.in})`), input));
    const form = element("form", {}, element("div", { class: "fields" }, fields), area, element("p", {}, button), output);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        button.disabled = true;
        output.replaceChildren(...await send(method, path, inputs, type, area?.value));
        button.disabled = false;
    });
    return form;
}

async function send(method, path, inputs, type, body) {
    const headers = new Headers();
    const query = new URLSearchParams();
    let url = path;
    for (const { parameter, input } of inputs) {
        if (input.value === "") continue;
        if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
        if (parameter.in === "query") query.append(parameter.name, input.value);
        if (parameter.in === "header") headers.set(parameter.name, input.value);
    }
    if (query.size > 0) url += `?${query}`;
    const token = document.getElementById("token").value.trim();
    if (token) headers.set("Authorization", `Bearer ${token}`);
    if (type && body) headers.set("Content-Type", type);
    try {
        const started = performance.now();
        const response = await fetch(url, { method: method.toUpperCase(), headers, body: type && body ? body : undefined });
        const text = await response.text();
        const milliseconds = Math.round(performance.now() - started);
        return [
            element("h3", {}, `${response.status} ${response.statusText} · ${milliseconds} ms`),
            element("pre", {}, [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n")),
            text ? element("pre", {}, pretty(text)) : null,
        ].filter(Boolean);
    } catch (error) {
        return [element("p", { class: "warning" }, `No answer: ${error.message}`)];
    }
}

function pretty(text) {
    try {
        return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
        return text;
    }
}

function operationView(api, entry) {
    const { id, method, path, operation, shared } = entry;
    const parameters = [...shared, ...(operation.parameters ?? [])].map((parameter) => resolve(api, parameter));
    const body = operation.requestBody ? resolve(api, operation.requestBody) : null;
    const content = element("div");
    const view = element("details", { class: "operation", id },
        element("summary", {}, element("span", { class: `method ${method}` }, method),
            element("span", { class: "path" }, path), element("span", { class: "summary" }, operation.summary ?? "")),
        content);
    // Filled when opened: there are hundreds of operations, and a person opens a few.
    view.addEventListener("toggle", () => {
        if (!view.open || content.hasChildNodes()) return;
        content.append(...[
            operation.description ? element("p", {}, operation.description) : null,
            parameterTable(api, parameters),
            body ? [element("h3", {}, "Body"), ...contentList(api, body.content)] : null,
            element("h3", {}, "Answers"),
            responseList(api, operation.responses),
            tryForm(api, method, path, parameters, body),
        ].flat(2).filter(Boolean));
    });
    return view;
}

// MARK: The page

function entries(api) {
    return Object.entries(api.paths ?? {}).flatMap(([path, item]) =>
        METHODS.filter((method) => item[method]).map((method) => ({
            id: `${method}${path.replace(/[^A-Za-z0-9]+/g, "-")}`,
            method, path, operation: item[method], shared: item.parameters ?? [],
            tag: item[method].tags?.[0] ?? "other",
        })));
}

function show(api) {
    const main = document.getElementById("operations");
    const index = document.getElementById("index");
    const all = entries(api).sort((a, b) => a.path.localeCompare(b.path) || METHODS.indexOf(a.method) - METHODS.indexOf(b.method));
    const tags = new Map((api.tags ?? []).map((tag) => [tag.name, { description: tag.description, list: [] }]));
    for (const entry of all) {
        if (!tags.has(entry.tag)) tags.set(entry.tag, { list: [] });
        tags.get(entry.tag).list.push(entry);
    }
    const unavailable = api["x-unavailable"] ?? [];
    main.replaceChildren(unavailable.length > 0
        ? element("p", { class: "warning" }, `Not answering now, and left out: ${unavailable.join(", ")}.`) : "");
    for (const [tag, { description, list }] of tags) {
        if (list.length === 0) continue;
        main.append(element("section", {}, element("h2", {}, tag), description ? element("p", { class: "note" }, description) : "",
            list.map((entry) => operationView(api, entry))));
        index.append(element("section", {}, element("h2", {}, tag), list.map((entry) =>
            element("a", { href: `#${entry.id}`, "data-text": `${entry.path} ${entry.operation.summary ?? ""}`.toLowerCase() },
                element("span", { class: `method ${entry.method}` }, entry.method), element("span", { class: "path" }, entry.path)))));
    }
    main.removeAttribute("aria-busy");
}

function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) {
        target.open = true;
        target.scrollIntoView();
    }
}

function filter(words) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    for (const section of document.querySelectorAll("#index section")) {
        const links = [...section.querySelectorAll("a")];
        for (const link of links) link.hidden = !wanted.every((word) => link.dataset.text.includes(word));
        section.hidden = links.every((link) => link.hidden);
    }
}

const token = document.getElementById("token");
token.value = sessionStorage.getItem("token") ?? "";
token.addEventListener("change", () => sessionStorage.setItem("token", token.value));
document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value));
window.addEventListener("hashchange", openTarget);

try {
    const response = await fetch("/api/v1/openapi.json");
    show(await response.json());
    openTarget();
} catch (error) {
    document.getElementById("operations").replaceChildren(
        element("p", { class: "warning" }, `The document could not be loaded: ${error.message}`));
}
