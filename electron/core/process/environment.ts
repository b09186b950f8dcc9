import { joinVariables, type Variables } from "../lib/variables.ts";

/**
 * What a child inherits of the user's environment. A list of what is let through, not of what is kept out: the host may
 * have been started with tokens, debugger switches or the settings of another host in its environment, and none of that
 * is a service's business. What a project needs beyond it stands in its `.env` files or its configuration.
 *
 * An entry ending in `*` allows every name that begins so.
 */
const allowed = split([
  // Who and where the user is, and the language
  "PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_* TZ TMPDIR TERM COLORTERM",
  "XDG_* EDITOR VISUAL NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE TERM_PROGRAM",
  // Windows and keys: a dev server may open a browser, git may need the agent
  "DISPLAY WAYLAND_DISPLAY XAUTHORITY DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK GPG_TTY",
  // Reaching the network
  "HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy",
  "SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE",
  // Docker: which engine. COMPOSE_* is left out, it would undo the isolation of workspaces.
  "DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_CERT_PATH DOCKER_TLS_VERIFY DOCKER_API_VERSION",
  "DOCKER_BUILDKIT DOCKER_DEFAULT_PLATFORM KUBECONFIG",
  // Version managers and package managers: without these a shim on PATH finds no tool. Of the lower-case npm_config_*
  // only what a person sets: npm exports all of them to its scripts, and a host may be started by one.
  "NVM_* VOLTA_* ASDF_* MISE_* FNM_* N_PREFIX NODENV_* PNPM_* COREPACK_* YARN_*",
  "NPM_CONFIG_* npm_config_registry npm_config_cache npm_config_userconfig npm_config_globalconfig",
  "BUN_* DENO_* HOMEBREW_* NIX_* SDKMAN_* DIRENV_*",
  // Other languages
  "PYENV_* VIRTUAL_ENV CONDA_* POETRY_* UV_* PIPENV_* RBENV_* GEM_* BUNDLE_* RUBY_*",
  "GOPATH GOROOT GOBIN GOPROXY GOPRIVATE GOFLAGS GOCACHE GOMODCACHE GOTOOLCHAIN",
  "CARGO_* RUSTUP_* JAVA_HOME JDK_HOME GRADLE_* MAVEN_* M2_HOME ANDROID_* DOTNET_*",
  "PHP_* COMPOSER_* ERL_* MIX_* GHCUP_* OPAM* PKG_CONFIG_PATH PLAYWRIGHT_BROWSERS_PATH",
]);

/**
 * Kept out even where an entry above, or a caller's, lets it through: each makes a child load foreign code, run as a bare
 * Node, or act with the credentials of another host.
 */
const denied = split([
  "ELECTRON_* NODE_OPTIONS NODE_PATH NODE_CHANNEL_* LD_* DYLD_* OPENCODE_SERVER_* DECKHAND_*",
  // Shells run these files and functions before anything else.
  "BASH_ENV ENV BASH_FUNC_* PROMPT_COMMAND PYTHONSTARTUP PERL5OPT RUBYOPT",
]);

const allows = matcher(allowed);
const denies = matcher(denied);

/**
 * The whole environment of a child.
 *
 * @param base The host's environment, or better the login shell's.
 * @param extra Set on top, as it is: what the service or the server needs.
 * @param also More names to let through from `base`, like `ANTHROPIC_*` for a server that needs the keys of its models.
 */
export function childEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  extra: Variables,
  also: readonly string[] = [],
): Record<string, string> {
  const alsoAllows = matcher(also);
  const environment = joinVariables();
  for (const [name, value] of Object.entries(base)) {
    if (value === undefined || denies(name)) continue;
    if (allows(name) || alsoAllows(name)) environment[name] = value;
  }
  return joinVariables(environment, extra);
}

function split(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(" "));
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
