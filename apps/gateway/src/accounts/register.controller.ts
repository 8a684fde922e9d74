import { Public } from '@angarium/service-shell';
import { Body, Controller, HttpCode, HttpStatus, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { RegisterUser } from './register-user.js';
import type { RegisteredUser } from './registered-user.js';

const registration = z.object({
  email: z.email('must be an email address').max(254),
  username: z
    .string()
    .min(3)
    .max(32)
    .regex(/^[\p{L}\p{N}._-]+$/u, 'may have letters, digits and . _ -'),
  password: z.string().min(8, 'must have at least 8 characters').max(128),
});
type Registration = z.output<typeof registration>;

@Controller()
export class RegisterController {
  constructor(private readonly registerUser: RegisterUser) {}

  /** Answers as soon as the user and its event are stored; mail, profile and audit follow from the event. */
  @Public('whoever registers has no credential yet')
  @Post('register')
  @HttpCode(HttpStatus.CREATED)
  async register(@Body({ schema: registration }) body: Registration, @Res({ passthrough: true }) reply: FastifyReply): Promise<RegisteredUser> {
    const user = await this.registerUser.run(body);
    reply.header('location', `/users/${user.userId}`);
    return user;
  }
}
