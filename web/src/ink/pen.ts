/** Which contacts draw: a pen rules out fingers near it, a palm never writes, and one contact writes at a time. Pure. */

/** What of a pointer event matters. Sizes in CSS pixels. */
export interface Contact {
  readonly id: number;
  readonly kind: string; // mouse, pen, touch
  readonly width: number;
  readonly height: number;
  readonly button: number;
  readonly atMs: number;
}

export const PEN_RULES_MS = 1_000; // how long after a pen was near, touches are the hand that holds it
export const PALM_PX = 60; // a fingertip is 15 to 40 px wide, also on a large panel; the heel of a hand is more

export class PenFilter {
  private active: Contact | null = null;
  private penAtMs = -Infinity;

  /** Whether a pen was used or near just now. */
  penRules(atMs: number): boolean {
    return atMs - this.penAtMs < PEN_RULES_MS;
  }

  /** A pen is over the surface, touching or not. */
  onPenNear(atMs: number): void {
    this.penAtMs = Math.max(this.penAtMs, atMs);
  }

  /** Return what a contact that begins does: `draw`, nothing (`ignore`), or draw in place of what an accidental touch
   *  began, which is taken back (`take_over`). */
  begin(contact: Contact): 'draw' | 'ignore' | 'take_over' {
    if (contact.kind === 'mouse' && contact.button !== 0) return 'ignore';
    if (contact.kind === 'pen') {
      this.onPenNear(contact.atMs);
      const takesOver = this.active?.kind === 'touch';
      if (this.active && !takesOver) return 'ignore';
      this.active = contact;
      return takesOver ? 'take_over' : 'draw';
    }
    if (this.active) return 'ignore';
    if (contact.kind === 'touch' && (this.penRules(contact.atMs) || isPalm(contact))) return 'ignore';
    this.active = contact;
    return 'draw';
  }

  /** Return whether this contact is the one that draws; `palm`: it has grown into a palm and is taken back. */
  move(contact: Contact): 'draw' | 'ignore' | 'palm' {
    if (contact.kind === 'pen') this.onPenNear(contact.atMs);
    if (this.active?.id !== contact.id) return 'ignore';
    if (contact.kind === 'touch' && isPalm(contact)) {
      this.active = null;
      return 'palm';
    }
    return 'draw';
  }

  /** Return whether the contact that ends was the one that drew. */
  end(id: number): boolean {
    if (this.active?.id !== id) return false;
    this.active = null;
    return true;
  }
}

function isPalm(contact: Contact): boolean {
  return Math.max(contact.width, contact.height) > PALM_PX;
}
