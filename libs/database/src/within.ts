/** What `work` answers, or, when it takes longer than `deadlineMs`, the rejection that `late` makes. The work itself is not stopped. */
export async function within<T>(deadlineMs: number, work: PromiseLike<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), deadlineMs);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
