// Follows a growing conversation: its end stays in view, but never past the beginning of the last
// question, so that a long answer is read from its first line. Who scrolls up is left alone.
import type { Attachment } from 'svelte/attachments';

const NEAR_PX = 120;
const AIR_PX = 16;

export function stickToEnd(grows: () => unknown, asking: () => boolean): Attachment<HTMLElement> {
  let near = true;
  let before = 0;

  function goal(node: HTMLElement): number {
    const end = node.scrollHeight - node.clientHeight;
    const last = [...node.querySelectorAll('[data-question]')].at(-1);
    if (!last) return 0;
    const top = last.getBoundingClientRect().top - node.getBoundingClientRect().top;
    return Math.min(end, top + node.scrollTop - AIR_PX);
  }

  return (node) => {
    const follow = () => {
      const top = goal(node);
      if (near && top > node.scrollTop) node.scrollTo({ top });
    };
    const onscroll = () => {
      // What grows while it is scrolled must not look like somebody moving up.
      const there = node.scrollTop >= goal(node) - NEAR_PX;
      if (there) near = true;
      else if (node.scrollTop < before) near = false;
      before = node.scrollTop;
    };
    node.addEventListener('scroll', onscroll);
    $effect(() => {
      grows();
      if (asking()) near = true;
      requestAnimationFrame(follow);
    });
    // A keyboard on the screen, or a turned phone, must not push the end out of view.
    const sizes = new ResizeObserver(follow);
    sizes.observe(node);
    return () => {
      sizes.disconnect();
      node.removeEventListener('scroll', onscroll);
    };
  };
}
