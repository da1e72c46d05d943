#include "program.h"

#include "fail.h"

static void add(struct program *program, struct sock_filter instruction)
{
  if (program->length >= sizeof program->code / sizeof *program->code)
    fail_because("the filter", "has too many instructions");
  program->code[program->length++] = instruction;
}

static void load(struct program *program, size_t offset)
{
  add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset));
}

void load_architecture(struct program *program)
{
  load(program, offsetof(struct seccomp_data, arch));
}

void load_number(struct program *program)
{
  load(program, offsetof(struct seccomp_data, nr));
}

void load_argument(struct program *program, unsigned int index)
{
  load(program, offsetof(struct seccomp_data, args) + index * sizeof(__u64));
}

void mask(struct program *program, unsigned int bits)
{
  add(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits));
}

void verdict(struct program *program, unsigned int value)
{
  add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));
}

static void jump(struct program *program, unsigned short kind, unsigned int operand)
{
  add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | kind | BPF_K, operand, 0, 1));
}

void verdict_if(struct program *program, unsigned int equal, unsigned int value)
{
  jump(program, BPF_JEQ, equal);
  verdict(program, value);
}

void verdict_unless(struct program *program, unsigned int equal, unsigned int value)
{
  add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, equal, 1, 0));
  verdict(program, value);
}

void verdict_from(struct program *program, unsigned int least, unsigned int value)
{
  jump(program, BPF_JGE, least);
  verdict(program, value);
}

void verdict_if_any(struct program *program, unsigned int bits, unsigned int value)
{
  jump(program, BPF_JSET, bits);
  verdict(program, value);
}

unsigned short begin_if(struct program *program, unsigned int equal)
{
  jump(program, BPF_JEQ, equal);
  return (unsigned short)(program->length - 1);
}

void end_if(struct program *program, unsigned short block)
{
  int distance = program->length - block - 1;
  if (distance > 255) fail_because("the filter", "has a block that no jump can pass");
  if (BPF_CLASS(program->code[program->length - 1].code) != BPF_RET)
    fail_because("the filter", "has a block without an end");
  program->code[block].jf = (__u8)distance;
}
