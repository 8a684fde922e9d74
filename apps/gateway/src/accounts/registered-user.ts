/** A user as everybody may know it. */
export interface RegisteredUser {
  readonly userId: string;
  readonly email: string;
  readonly username: string;
  readonly createdAt: string;
}
