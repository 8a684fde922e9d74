import { Public } from '@angarium/service-shell';
import { Controller, Delete, Get, HttpCode, Res } from '@nestjs/common';
import { sandboxPage } from './sandbox-page.js';
import { sandboxScript } from './sandbox-script.js';
import { SandboxStore, type ShownSandboxSms } from './sandbox-store.js';
import { sandboxStyle } from './sandbox-style.js';

/** What of an HTTP answer is set here. */
interface Answer {
  header(name: string, value: string): unknown;
}

/** An SMS is hostile until shown otherwise; the page also may not be framed by others or load anything from elsewhere. */
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * What the sandbox would have sent, for people at /sandbox and for programs at /sandbox/messages. Shows texts and codes: that is what it is for,
 * so the module has it outside production only, and the service listens on its own host.
 */
@Public('a help for development that does not exist in production')
@Controller('sandbox')
export class SandboxController {
  constructor(private readonly store: SandboxStore) {}

  @Get()
  page(@Res({ passthrough: true }) answer: Answer): string {
    return guarded(answer, 'text/html', sandboxPage);
  }

  @Get('page.js')
  script(@Res({ passthrough: true }) answer: Answer): string {
    return guarded(answer, 'text/javascript', sandboxScript);
  }

  @Get('page.css')
  style(@Res({ passthrough: true }) answer: Answer): string {
    return guarded(answer, 'text/css', sandboxStyle);
  }

  /** The newest 500, newest first: `{messages: [{id, deliveryId, phone, text | template, sentAt, state}]}`. */
  @Get('messages')
  async messages(@Res({ passthrough: true }) answer: Answer): Promise<{ messages: ShownSandboxSms[] }> {
    guarded(answer, 'application/json', '');
    return { messages: await this.store.list() };
  }

  @Delete('messages')
  @HttpCode(204)
  clear(): Promise<void> {
    return this.store.clear();
  }
}

function guarded(answer: Answer, type: string, body: string): string {
  answer.header('content-type', `${type}; charset=utf-8`);
  answer.header('content-security-policy', pagePolicy);
  answer.header('x-content-type-options', 'nosniff');
  answer.header('referrer-policy', 'no-referrer');
  answer.header('cache-control', 'no-store');
  answer.header('cross-origin-resource-policy', 'same-origin');
  return body;
}
