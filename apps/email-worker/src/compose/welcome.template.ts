import type { MailTemplate } from './mail-template.js';

/** Greets a new user. Variables: `username`. */
export const welcomeTemplate: MailTemplate = {
  // no variable here: a hostile name could otherwise write the subject of a mail that we sign
  subject: 'Welcome to Angarium',
  text: `Hello {{username}},

your account is ready. You can sign in with the name you chose: {{username}}

If you did not register, somebody mistyped an address; you can ignore this mail.

Angarium
`,
  html: `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Welcome to Angarium</title></head>
<body style="margin:0;padding:24px;background:#f4f4f1;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;color:#1f2328">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" width="100%" style="max-width:520px;background:#ffffff;border-radius:8px" cellpadding="0" cellspacing="0">
<tr><td style="padding:32px">
<h1 style="margin:0 0 16px;font-size:22px">Hello {{username}},</h1>
<p style="margin:0 0 16px;line-height:1.5">your account is ready. You can sign in with the name you chose: <strong>{{username}}</strong></p>
<p style="margin:0;line-height:1.5;color:#59636e;font-size:13px">If you did not register, somebody mistyped an address; you can ignore this mail.</p>
</td></tr></table>
</td></tr></table>
</body>
</html>
`,
};
