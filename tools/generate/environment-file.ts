import type { DocumentedVariable, VariableGroup } from './collect-variables.js';

const head = `# Made by \`npm run generate\` from the config.ts of the services. Changes here are overwritten; copy it to .env and change that.
#
# A line that begins with "# NAME=" shows the default: take the # away to set it. Lines without # must be set.
# A service reads it when it is started with: node --env-file=.env apps/<name>/dist/main.js
# docker compose takes from .env only what docker-compose.yml names, such as GATEWAY_TOKEN; the head of that file says what matters.
# npm start needs none of it, and starts its own servers unless DATABASE_URL, REDIS_URL or SMTP_URL are set.`;

/** .env.example: every variable of every service; where there is a default it stands behind a comment sign. */
export function environmentFile(groups: readonly VariableGroup[]): string {
  const all = new Set(groups.flatMap(({ variables }) => variables.flatMap(({ services }) => services)));
  const blocks = groups.flatMap(({ title, variables }) => [`# ---- ${title} ----`, ...variables.map((it) => block(it, all.size))]);
  return `${[head, ...blocks].join('\n\n')}\n`;
}

function block(variable: DocumentedVariable, serviceCount: number): string {
  const { name, description, unit, expected, services, isRequired, isSecret, defaultText, defaultRule } = variable;
  const facts = [
    ...(unit === undefined ? [] : [unit]),
    expected,
    ...(defaultRule === undefined ? [] : [`default: ${defaultRule}`]),
    `read by ${services.length === serviceCount ? 'all services' : services.join(', ')}`,
    ...(isSecret ? ['secret'] : []),
  ];
  return [`# ${description}`, `# (${facts.join('; ')})`, `${isRequired ? '' : '# '}${name}=${quoted(defaultText ?? '')}`].join('\n');
}

/** As docker compose, node --env-file and a shell read it alike. */
function quoted(text: string): string {
  return /^[\w.:/@+,%=-]*$/.test(text) ? text : `"${text}"`;
}
